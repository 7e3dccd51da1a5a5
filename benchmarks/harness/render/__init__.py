"""Reports as HTML, Markdown, PDF, JSON and CSV."""

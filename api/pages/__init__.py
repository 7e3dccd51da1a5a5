"""Pages for people: HTML files that fetch and run nothing, from Jinja templates with one stylesheet."""

"""longthink."""

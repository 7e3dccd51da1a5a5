"""`longthink serve`: an OpenAI-compatible HTTP server. Start reading at service.py."""

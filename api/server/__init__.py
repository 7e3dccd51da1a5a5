"""`longthink serve`: thinking over HTTP."""

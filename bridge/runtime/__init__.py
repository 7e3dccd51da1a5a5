"""How thinking is run: the scheduler, and the session of one task."""

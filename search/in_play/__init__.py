"""Search during a game: clocks and time control."""

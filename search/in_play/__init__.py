"""Search as a player in a game that goes on: clocks and time control."""

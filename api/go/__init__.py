"""Go in other programs and in the terminal. Start reading at engine.py, the player."""

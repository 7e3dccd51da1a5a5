"""Go for people and programs: GTP, analysis, the terminal."""

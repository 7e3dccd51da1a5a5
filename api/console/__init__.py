"""A person plays a game in the terminal: console.py shows it and answers, play.py is the loop of a game."""

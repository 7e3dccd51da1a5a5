"""Training of the tiny models: their data (tiny_data.py), and the program that trains them (train_tiny.py)."""

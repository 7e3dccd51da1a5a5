"""How a model becomes actions: proposers, kinds of proposals, the language game."""

"""Games that are not written in C here: Numba, plain Python objects, OpenSpiel, game files, PettingZoo."""

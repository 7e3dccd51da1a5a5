"""Adapters for games that are not written in C here: Numba, Python objects, OpenSpiel, Gambit files, PettingZoo."""

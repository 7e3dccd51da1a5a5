"""Regret minimisation: solvers, their variants, policies and best responses."""

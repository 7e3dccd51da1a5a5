"""Kinds of proposals: what may come next in a transcript. A kind is one file.

kind.py says what a kind is, state.py what a transcript has come to, registry.py finds a kind by name, with_kinds.py
gives a task its kinds, and kind_proposer.py lets a search choose among them. step.py is the simplest kind.
"""

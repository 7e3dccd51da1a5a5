"""Traces: what was thought, as a tree, a log file and a page."""

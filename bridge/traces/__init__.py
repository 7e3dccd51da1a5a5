"""Traces: records of thinking, as a tree, a log file and a page."""

"""Benchmarks: suites that compare longthink with the standard methods of each domain, and their reports."""

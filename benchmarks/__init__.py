"""Benchmarks: suites that set longthink beside the methods made for one domain, and their reports."""

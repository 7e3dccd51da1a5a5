"""Speed benchmarks for pytest-benchmark, each in a group with its peers; `longthink perf` runs them."""

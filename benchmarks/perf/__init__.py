"""Speed benchmarks for pytest-benchmark, each with its peer beside it in the same group; `longthink perf` runs them."""

"""The harness: jobs, run logs, statistics, matches, charts, the report."""

"""Studies: one file per comparison."""

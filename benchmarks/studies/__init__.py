"""Studies: one file is one comparison."""

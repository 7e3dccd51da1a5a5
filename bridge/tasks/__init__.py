"""Tasks: problems in words with a check, one file for each family."""

"""Go beyond its rules: positions, handicaps, game records, SGF files, scoring."""

"""Go beyond its rules: boards, positions, game records, scoring."""

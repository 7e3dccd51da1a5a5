"""What a caller uses: `think`, `think_all`, chat."""

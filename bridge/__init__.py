"""Language: models, tasks, proposals, verifiers, and the game they make together."""

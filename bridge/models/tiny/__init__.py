"""The tiny models of the package: their weights, their training data, their training."""

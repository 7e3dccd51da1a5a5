"""The tiny models of the package: their weights, and the class that loads them."""

"""Language models: what all share, one file for each kind, the cache, and what server models need."""

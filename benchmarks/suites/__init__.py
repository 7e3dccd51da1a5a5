"""The suites of this package, as TOML files."""

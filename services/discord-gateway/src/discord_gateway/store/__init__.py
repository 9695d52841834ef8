"""The only files with SQL."""

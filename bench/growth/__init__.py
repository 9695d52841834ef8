"""What the same work costs when the tables are large; see README.md."""

"""What `./holdfast` can do, one module per command."""

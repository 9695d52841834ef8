"""What reaches the outside: the owners over HTTP, and Discord."""

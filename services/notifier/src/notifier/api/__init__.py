"""REST in: what a person was told, and what they want to be told."""

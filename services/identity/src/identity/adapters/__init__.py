"""What reaches the outside, and what signs for it: login providers and access tokens."""

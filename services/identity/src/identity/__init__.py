"""Users, linked accounts, sessions, tiers and keys."""

"""Tells each side what happened, in the reader's language."""

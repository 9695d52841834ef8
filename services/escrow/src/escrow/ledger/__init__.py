"""The books: how entries are written, what accounts hold, and the proof that it all adds up."""

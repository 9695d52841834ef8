"""HTTP in and out: who calls, what is refused and how, the same answer for the same key, pages."""

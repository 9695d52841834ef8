"""One adapter per rail, behind the port."""

"""The REST door of listings."""

"""Listings and offers, without input or output."""

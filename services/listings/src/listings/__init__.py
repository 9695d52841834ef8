"""Listings and the offers made on them."""

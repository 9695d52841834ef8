"""Contracts, signatures and their execution."""

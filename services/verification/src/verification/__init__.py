"""Proof of who owns an asset, before and after delivery."""

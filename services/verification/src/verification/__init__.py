"""Proof of who owns an asset: before a listing, at acceptance, at funding and after delivery.

An outside service that cannot be asked makes the answer unknown, never "not the owner".
"""

"""Proof of who owns an asset: before a listing, at acceptance, at funding and after delivery.

A provider that cannot be asked makes the answer unknown, never "not the owner".
"""

"""Tells each side what happened, in the reader's language, and what they can do next.

It reads every service's events, keeps its own small copy of people and listings, and tells
discord-gateway what to show. It decides nothing about a trade.
"""

"""Translates Discord interactions into commands and shows what it is told."""

"""Alembic's environment for every service."""

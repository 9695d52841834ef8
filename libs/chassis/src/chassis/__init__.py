"""Outbox, inbox, database, broker, auth check, problems, telemetry, health."""

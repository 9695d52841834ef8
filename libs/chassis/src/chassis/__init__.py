"""What services are built on: outbox, inbox, database, broker, auth, problems, telemetry, health.

It has no word of the business. One file per concern; functions over frameworks.
"""

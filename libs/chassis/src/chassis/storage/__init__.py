"""PostgreSQL: transactions with outbox, inbox, audit and timers; statements, tables, migrations."""

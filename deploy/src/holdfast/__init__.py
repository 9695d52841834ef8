"""The command line, the local supervisor and the broker topology."""

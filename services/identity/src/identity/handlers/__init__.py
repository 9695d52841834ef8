"""One function per command: load, decide, save, tell; called by both doors."""

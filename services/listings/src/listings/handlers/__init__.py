"""One function per command: load, decide, save, stage. Both doors call the same."""

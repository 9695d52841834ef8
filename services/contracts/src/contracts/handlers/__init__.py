"""One function per command, event and due timer: load, decide, save, stage."""

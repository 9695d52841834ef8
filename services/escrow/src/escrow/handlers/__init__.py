"""One function per command, event and timer: load, decide, save, stage."""

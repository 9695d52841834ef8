"""One function per command or event: load, decide, book, save, stage. Both doors call the same."""

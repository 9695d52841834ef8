"""One function for each reason to act: load, decide, save, stage."""

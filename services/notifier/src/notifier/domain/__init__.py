"""What each event means to whom, without input or output."""

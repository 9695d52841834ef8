"""What an escrow may do and what it is worth: no input, no output."""

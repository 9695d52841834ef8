"""States, amounts and accounts of an escrow, without input or output."""

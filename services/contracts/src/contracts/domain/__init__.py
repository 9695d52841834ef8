"""What a contract is and may become, free of input and output."""

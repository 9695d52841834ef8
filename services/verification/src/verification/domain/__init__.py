"""What ownership means, without input or output."""

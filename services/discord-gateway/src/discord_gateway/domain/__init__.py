"""What buttons carry, what became of cards, and text made harmless: no input or output."""

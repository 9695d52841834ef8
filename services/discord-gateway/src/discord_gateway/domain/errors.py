"""What the gateway refuses by itself."""


class WrongEntry(ValueError):
    """What was typed into a field cannot be read; the message is the key of a text."""

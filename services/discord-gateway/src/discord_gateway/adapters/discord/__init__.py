"""Discord: the session, the messages in it, and cards as it shows them."""

"""Web pages: where people land who come back from the provider's."""

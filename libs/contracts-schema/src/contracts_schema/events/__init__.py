"""Every event, one module per publisher. A name is a fact: ``FundsHeld``, ``OfferAccepted``."""

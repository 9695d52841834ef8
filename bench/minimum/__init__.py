"""The same durable work written by hand, as small as it can honestly be."""

"""What implements the ports: one package per provider, and the registry of rails."""

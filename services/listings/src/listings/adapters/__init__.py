"""What implements the ports: verification, asked over HTTP."""

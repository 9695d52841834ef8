"""Every command, one module per owner: what a person may ask for, over either interface."""

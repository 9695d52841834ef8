"""Every statement of SQL; rows become what the domain works with."""

"""All SQL of identity, one module per thing that is kept."""

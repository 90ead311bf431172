"""How long `/v1/search` takes, asked of a running service over one connection kept open."""

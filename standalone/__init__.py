"""`make run`: an embedded PostgreSQL and both services on one machine, for a first try."""

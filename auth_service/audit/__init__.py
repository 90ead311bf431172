"""What happened: who did what, on whom, from where, when, in which request; written and read."""

"""Who is signed in, at which client, and for how long."""

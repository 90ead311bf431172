"""What admins do: readers listed, given roles, banned and removed; what happened, read."""

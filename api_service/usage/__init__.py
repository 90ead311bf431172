"""What the caller has used of the limits, and what is left."""

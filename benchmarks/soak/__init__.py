"""Both services under a steady load: what they are like after minutes of it."""

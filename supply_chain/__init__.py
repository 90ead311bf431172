"""What is shipped besides our own code: its licences, and what is known against it."""

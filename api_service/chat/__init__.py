"""A question to the book, and its answer with sources."""

"""Figures an owner can run on a book of their own: `book-eval`."""

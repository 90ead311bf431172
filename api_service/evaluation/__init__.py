"""Figures an owner can run: how well a book is cut, how well questions find their passages."""

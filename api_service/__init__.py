"""Questions answered from the book; checks the token itself, holds no database."""

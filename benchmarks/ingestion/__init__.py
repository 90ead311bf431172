"""How fast a long book is ingested, and how much memory that takes."""

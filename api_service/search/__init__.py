"""The book's passages for some words, without an answer."""

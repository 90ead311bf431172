"""Tokens that count no more before their time, and who is told so."""

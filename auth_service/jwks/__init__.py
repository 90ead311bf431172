"""The key pairs of tokens that anybody can check: made, stored, used and listed."""

"""The tokens that other services check by themselves."""

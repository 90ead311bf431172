"""Signing in with other providers, and the accounts that come of it."""

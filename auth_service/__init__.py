"""Accounts, sessions and tokens; speaks Better Auth's protocol."""

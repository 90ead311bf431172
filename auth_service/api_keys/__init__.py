"""API keys: made, listed, changed and deleted by their owner; Better Auth's plugin api-key."""

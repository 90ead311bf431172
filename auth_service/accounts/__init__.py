"""How a person becomes a user, and proves to be one."""

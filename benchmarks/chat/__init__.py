"""`POST /v1/chat` and its stream beside bare clients of the same two vendors' calls."""

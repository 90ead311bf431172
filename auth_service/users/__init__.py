"""What signed-in readers do with their own account: profile, password, ways to sign in."""

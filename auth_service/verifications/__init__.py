"""Values that prove something once: that a mail was read, that a flow was begun here."""

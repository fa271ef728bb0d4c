"""Plain torch networks, without Lightning."""

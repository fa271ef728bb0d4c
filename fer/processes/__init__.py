"""How processes start, tell each other something, and end."""

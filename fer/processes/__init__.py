"""How processes start, keep out of each other's way, tell each other something, and end."""

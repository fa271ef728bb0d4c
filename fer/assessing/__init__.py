"""A finished run looked at again: its test, other faces, sureness, and whom it has met before."""

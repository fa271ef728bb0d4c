"""Finished runs beside each other: what differs, what was measured, what can be told apart."""

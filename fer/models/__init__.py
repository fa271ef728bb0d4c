"""Networks, where their weights come from, and how they learn."""

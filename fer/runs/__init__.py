"""The run folder: its name, its files, its checkpoints, going on, and its records."""

"""A training from its settings to its run folder: one run, its repeats, a sweep, many processes."""

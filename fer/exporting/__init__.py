"""A run's model as one file: written aside, checked against torch on real faces, then kept."""

"""The sections of `experiments/benchmarks/training.py`."""

"""Facial expression recognition: train, sweep, resume and evaluate with Lightning and Hydra."""

__version__ = "0.1.0"

"""Facial expression recognition: train, sweep, resume and evaluate with Lightning and Hydra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer.recognition.loading import load as load

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`fer.load`, imported only when it is asked for: it brings NumPy and OpenCV along."""
    if name == "load":
        from fer.recognition.loading import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

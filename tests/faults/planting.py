"""Code that must never run: it makes a folder when a file that holds it is opened carelessly."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import numpy as np
import torch


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def as_pickle(marker: Path) -> bytes:
    """A plain pickle."""
    return pickle.dumps({"state_dict": {}, "x": Planted(marker)})


def as_torch(marker: Path) -> bytes:
    """What `torch.save` would write."""
    buffer = io.BytesIO()
    torch.save({"state_dict": {}, "x": Planted(marker)}, buffer)
    return buffer.getvalue()


def as_array(marker: Path) -> bytes:
    """A `.npy` file of objects."""
    buffer = io.BytesIO()
    np.save(buffer, np.array([Planted(marker)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def as_arrays(marker: Path, **others: np.ndarray) -> bytes:
    """A `.npz` file with objects among the given arrays."""
    buffer = io.BytesIO()
    np.savez(buffer, **others, validation=np.array([Planted(marker)], dtype=object))
    return buffer.getvalue()


def as_yaml(marker: Path) -> str:
    """A line of YAML that careless loaders run."""
    return f"\nplanted: !!python/object/apply:os.mkdir ['{marker}']\n"

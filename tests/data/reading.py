"""Opening data sets of picture files as the commands do."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fer.data.data_sets import build_data
from fer.data.faces import Faces
from fer.data.modules import FaceDataModule
from tests.composing import settings


def module(path: Path, name: str, *overrides: str) -> FaceDataModule:
    """The data module of `data=<name>`; its cache lies beside `path`."""
    chosen = settings(f"data={name}", *overrides)
    chosen["data"]["path"] = str(path)
    chosen["paths"]["cache"] = str(path.parent / "cache")
    return build_data(chosen)


def opened(path: Path, name: str, *overrides: str) -> Faces:
    """Its faces."""
    return module(path, name, *overrides).open(progress=False)


def labels(faces: Faces) -> dict[str, str]:
    """Class of each picture, by name."""
    names = np.array(faces.classes)[faces.labels].tolist()
    return dict(zip(faces.names.tolist(), names, strict=True))


def told(faces: Faces) -> str:
    """All notes."""
    return "\n".join(faces.notes)


def part_counts(faces: Faces) -> dict[str, int]:
    """Faces per part."""
    assert faces.part is not None
    return {part: int(np.sum(faces.part == part)) for part in sorted(set(faces.part.tolist()))}

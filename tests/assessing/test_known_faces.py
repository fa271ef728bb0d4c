"""Faces of another data set that a run was trained on."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.assessing.known_faces import find_known_faces
from fer.data.data_sets import build_data
from fer.data.modules import FaceDataModule
from fer.data.protocols import make_split
from fer.runs.folder import RunFolder
from tests.builders import fer2013_tree
from tests.composing import settings


def opened(folder: Path, *overrides: str) -> FaceDataModule:
    data = build_data(settings(f"paths.cache={folder / 'cache'}", *overrides))
    data.open(progress=False)
    return data


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Trained on FER2013's folder of two faces per class and part, as far as its data and split."""
    overrides = ("data=fer2013", f"data.path={fer2013_tree(tmp_path / 'tree')}")
    chosen, data = settings(*overrides), opened(tmp_path, *overrides)
    run = RunFolder(tmp_path / "run")
    run.create(chosen, data_fingerprint=data.faces.fingerprint)
    make_split(data.faces, chosen["protocol"]).save(run.split)
    return run


def elsewhere(folder: Path, tree: Path, colour: bool = False) -> Path:
    """Faces 0 of angry, of training and of PrivateTest, the first of them under sad as well."""
    for source, target in (
        ("train/angry/Training_0.jpg", "angry/a.png"),
        ("train/angry/Training_0.jpg", "sad/b.png"),
        ("test/angry/PrivateTest_2000.jpg", "angry/c.png"),
    ):
        path = folder / target
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.open(tree / source)
        (picture.convert("RGB") if colour else picture).save(path)
    return folder


@pytest.mark.parametrize("colour", [False, True])
def test_copies_are_found_by_pixels_under_any_name(
    colour: bool, run: RunFolder, tmp_path: Path
) -> None:
    pictures = elsewhere(tmp_path / "pictures", tmp_path / "tree", colour)
    shape = ("data.faces.size=[48,48]", f"data.channels={3 if colour else 1}", "data.size=48")
    other = opened(tmp_path, "data=folder", f"data.path={pictures}", *shape)
    assert other.faces.images.ndim == (4 if colour else 3)
    copies, notes = find_known_faces(run, other, np.arange(3), None)
    assert copies is not None and notes == []
    found = dict(zip(other.faces.names.tolist(), copies.training.tolist(), strict=True))
    assert found == {"angry/a.png": True, "sad/b.png": True, "angry/c.png": False}
    assert copies.conflicting.tolist() == [name == "sad/b.png" for name in other.faces.names]


def test_data_that_has_moved_is_found_or_told(run: RunFolder, tmp_path: Path) -> None:
    other = opened(tmp_path, "data.train=14", "data.validation=14", "data.test=14")
    moved = shutil.move(tmp_path / "tree", tmp_path / "moved")
    copies, (note,) = find_known_faces(run, other, np.arange(9), None)
    assert copies is None
    assert "the run's own data is not there any more; data_path=... says where" in note
    copies, notes = find_known_faces(run, other, np.arange(9), str(moved))
    assert copies is not None and not copies.training.any() and notes == []

"""Pictures without labels are read as those of any other folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.data.cache import open_faces
from fer.data.faces import SEVEN, Faces
from fer.data.readers.unlabelled import UnlabelledReader
from fer.errors import DataError
from tests.builders import noise
from tests.builders_pictures import coloured, junk, picture
from tests.data.reading import opened


def unlabelled(path: Path, *shape: int) -> Faces:
    reader = UnlabelledReader(path, SEVEN, shape)
    return open_faces(reader, path.parent / "cache", progress=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A class folder of one of each kind, and a hidden one."""
    top = tmp_path / "pictures"
    picture(top / "happy" / "gray.png", 3, 1, (60, 50))
    coloured(top / "happy" / "colour.JPG", 3, 2, (50, 60))
    levels = noise(3, 3, 64).astype(np.uint16) * 257
    Image.fromarray(levels).save(top / "happy" / "sixteen.png")
    clear = np.dstack([noise(3, seed, 64) for seed in range(4)])
    Image.fromarray(clear).save(top / "happy" / "transparent.png")
    picture(top / ".ipynb_checkpoints" / "hidden.png", 0, 4)
    junk(top, ("", "happy"))
    return top


@pytest.mark.parametrize("channels", [1, 3])
def test_read_as_a_folder_with_labels_is(channels: int, folder: Path) -> None:
    size = (40, 30)
    faces = unlabelled(folder, *size, *((3,) if channels == 3 else ()))
    picture(folder / "sad" / "other.png", 4, 5)
    settings = (f"data.channels={channels}", f"data.faces.size=[{size[0]},{size[1]}]")
    known = opened(folder, "folder", *settings)
    assert faces.names.tolist() == [
        f"happy/{name}" for name in ("colour.JPG", "gray.png", "sixteen.png", "transparent.png")
    ]
    assert known.names.tolist()[:4] == faces.names.tolist()
    np.testing.assert_array_equal(faces.images, known.images[:4])
    assert faces.file_hashes is not None and known.file_hashes is not None
    np.testing.assert_array_equal(faces.file_hashes, known.file_hashes[:4])
    assert set(faces.labels) == {0} and faces.classes == SEVEN


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"pseudo\.path=.*gone is no folder"):
        UnlabelledReader(tmp_path / "gone", SEVEN, (48, 48))
    (tmp_path / ".hidden").mkdir()
    picture(tmp_path / ".hidden" / "1.png", 0, 1)
    with pytest.raises(DataError, match=r"pseudo\.path=.* holds no pictures .*\.png"):
        UnlabelledReader(tmp_path, SEVEN, (48, 48))

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer.data.cache import open_faces
from fer.data.faces import Faces
from fer.data.readers.fer2013 import Fer2013Reader
from fer.data.readers.ferplus import FerPlusReader
from tests.builders import fer2013_csv, fer2013_tree, fer2013_zip, fer2013new_csv

Open = Callable[..., Faces]
Join = Callable[..., Faces]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return fer2013_tree(tmp_path / "tree")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return fer2013_zip(tmp_path / "fer2013.zip")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return fer2013_csv(tmp_path / "fer2013.csv")


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def opened(cache_dir: Path) -> Open:
    """Opens a path as FER2013."""

    def open_path(path: Path, on_bad_file: Any = "stop") -> Faces:
        return open_faces(Fer2013Reader(path), cache_dir, on_bad_file, progress=False)

    return open_path


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    return fer2013new_csv(tmp_path / "fer2013new.csv")


@pytest.fixture
def joined(votes: Path, cache_dir: Path) -> Join:
    """Opens FER2013 at a path with the made-up votes."""

    def join(
        path: Path,
        mode: str = "cross_entropy",
        contempt: bool = True,
        table: Path | None = None,
        skip: bool = False,
    ) -> Faces:
        reader = FerPlusReader(Fer2013Reader(path), votes, mode, contempt, table)
        return open_faces(reader, cache_dir, "skip" if skip else "stop", progress=False)

    return join


@pytest.fixture(scope="session")
def real_zip() -> Path:
    """Kaggle's zip, where somebody has put it."""
    beside = Path(__file__).parents[2].parent / "shared" / "data" / "fer2013.zip"
    path = Path(os.environ.get("FER_TEST_FER2013", beside))
    if not path.is_file():
        pytest.skip("FER2013 itself is not here: set FER_TEST_FER2013 to Kaggle's zip")
    return path


@pytest.fixture(scope="session")
def real_faces(real_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Faces:
    return open_faces(Fer2013Reader(real_zip), tmp_path_factory.mktemp("real"), progress=False)

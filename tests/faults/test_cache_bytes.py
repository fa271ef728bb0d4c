"""A cache in which a byte changed on the disk: found by its checksums, and made again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

import fer.data.checksums
from fer.data.cache import open_faces
from fer.data.cache_blocks import BadFiles, Block, write_block
from fer.data.checksums import AGAIN, SEEN, file_checksum
from fer.data.faces import Faces
from fer.data.readers import Record
from fer.data.readers.fer2013 import Fer2013Reader
from fer.errors import DataError
from tests.builders import fer2013_zip
from tests.faults.disks import read_only

FLIPS = int(os.environ.get("FER_TEST_FLIPS", "3"))
"""Places in each file of the cache."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fer2013_zip(tmp_path_factory.mktemp("source") / "fer2013.zip")


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes this cache for one that is too large to be read at every opening."""
    monkeypatch.setattr(fer.data.checksums, "ALWAYS", 10_000)


def opened(archive: Path, cache_dir: Path) -> tuple[Faces, Path]:
    """The faces, and the folder of their cache."""
    faces = open_faces(Fer2013Reader(archive), cache_dir, progress=False)
    (folder,) = cache_dir.iterdir()
    return faces, folder


def flip(path: Path, place: int, bit: int, keep_time: bool = False) -> None:
    """Changes a bit of a file."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)
    if keep_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def same(one: Faces, other: Faces) -> bool:
    arrays = ("images", "labels", "names", "part", "file_hashes")
    return (one.classes, one.fingerprint, one.notes, one.bad_files) == (
        other.classes,
        other.fingerprint,
        other.notes,
        other.bad_files,
    ) and all(np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays)


@pytest.mark.parametrize(
    "name", ["images.npy", "labels.npy", "names.npy", "part.npy", "file_hashes.npy", "meta.json"]
)
def test_a_flipped_bit_is_found(
    name: str, archive: Path, cache_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faces, folder = opened(archive, cache_dir)
    whole = Faces(
        **{key: np.array(v) if isinstance(v, np.ndarray) else v for key, v in vars(faces).items()}
    )
    draw = np.random.default_rng(len(name))
    content = (folder / name).read_bytes()
    for place in draw.integers(len(content), size=FLIPS):
        flip(folder / name, int(place), int(draw.integers(8)))
        caplog.clear()
        again, folder = opened(archive, cache_dir)
        assert same(again, whole)
        # white space between the record's words has no meaning
        found = "is damaged" in caplog.text and "making it again" in caplog.text
        assert found or (name == "meta.json" and content[place : place + 1].isspace())
        assert (folder / name).read_bytes() == content or not found


@pytest.mark.usefixtures("large")
def test_a_large_cache_is_read_once(
    archive: Path,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    read: list[str] = []

    def counted(path: Path) -> int:
        read.append(path.name)
        return file_checksum(path)

    _, folder = opened(archive, cache_dir)
    monkeypatch.setattr(fer.data.checksums, "file_checksum", counted)
    opened(archive, cache_dir)
    assert read == [] and (folder / SEEN).is_file()
    os.utime(folder / "labels.npy", (1, 1))
    opened(archive, cache_dir)
    whole = sorted(path.name for path in folder.glob("*.npy"))
    assert sorted(read) == whole and len(whole) > 3
    (folder / SEEN).write_text("[")
    opened(archive, cache_dir)
    assert sorted(read) == sorted(2 * whole)
    opened(archive, cache_dir)
    assert len(read) == 2 * len(whole)
    flip(folder / "images.npy", 500, 3)
    assert "damaged" not in caplog.text
    opened(archive, cache_dir)
    assert "images.npy has changed since it was written" in caplog.text


@pytest.mark.usefixtures("large")
def test_a_large_one_is_read_again_after_a_day(
    archive: Path, cache_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened(archive, cache_dir)
    _, folder = opened(archive, cache_dir)
    flip(folder / "images.npy", 500, 3, keep_time=True)  # by a disk that forgets
    opened(archive, cache_dir)
    assert "has changed" not in caplog.text
    os.utime(folder / SEEN, (time.time() - AGAIN, time.time() - AGAIN))
    opened(archive, cache_dir)
    assert "images.npy has changed since it was written" in caplog.text


def test_a_block_of_a_cache_half_made_is_not_taken_with_another_byte(tmp_path: Path) -> None:
    records = [Record(image=np.full((4, 4), n, np.uint8), label=0, name=str(n)) for n in (1, 2)]
    block = Block(tmp_path, 0)
    write_block(block, records, BadFiles("these", "stop"))
    assert block.is_whole()
    flip(block.images, 130, 3)
    assert not block.is_whole()
    flip(block.images, 130, 3)
    assert block.is_whole()


def test_a_small_one_is_read_each_time(
    archive: Path, cache_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that forgets does not say when."""
    _, folder = opened(archive, cache_dir)
    flip(folder / "images.npy", 500, 3, keep_time=True)
    opened(archive, cache_dir)
    assert "images.npy has changed since it was written" in caplog.text


def test_one_without_checksums_is_made_again(
    archive: Path, cache_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, folder = opened(archive, cache_dir)
    record = (folder / "meta.json").read_text().replace('"checksum"', '"sum"')
    (folder / "meta.json").write_text(record)
    opened(archive, cache_dir)
    assert "making it again" in caplog.text


def test_one_that_may_only_be_read(
    archive: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces, folder = opened(archive, cache_dir)
    pixels = faces.images.copy()
    monkeypatch.setattr(fer.data.checksums, "ALWAYS", 0)
    (folder / SEEN).unlink(missing_ok=True)
    with read_only(cache_dir):
        assert np.array_equal(opened(archive, cache_dir)[0].images, pixels)
    flip(folder / "images.npy", 500, 3)
    with read_only(cache_dir), pytest.raises(DataError, match=r"is damaged .*Read-only.*paths\.c"):
        opened(archive, cache_dir)
    cache_dir.rename(cache_dir.with_name("old"))
    cache_dir.mkdir()
    with read_only(cache_dir), pytest.raises(DataError, match=r"cannot make .*Read-only.*paths\.c"):
        open_faces(Fer2013Reader(archive), cache_dir, progress=False)

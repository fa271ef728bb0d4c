"""The cache: fast, whole or absent, whoever is killed and however many make it at once."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer.data.cache import open_faces
from fer.data.faces import Faces
from fer.data.readers import OnBad, Reader, Record
from fer.data.readers.fer2013 import Fer2013Reader
from fer.errors import DataError

Open = Callable[..., Faces]


class Made(Reader):
    """Faces from a list, in the order of the list."""

    name = "made"
    classes = ("angry", "happy")

    def __init__(self, records: list[Record], key: str = "1") -> None:
        self.all, self.key, self.times_read = records, key, 0

    def source_key(self) -> str:
        return self.key

    def __len__(self) -> int:
        return 3

    def records(self, on_bad: OnBad) -> Iterator[Record]:
        self.times_read += 1
        yield from self.all


def record(number: int, side: int = 8) -> Record:
    image = np.full((side, side, 3), number % 251, dtype=np.uint8)
    return Record(image, number % 2, f"face {number}", subject=f"p{number // 2}")


def test_arrays_are_mapped_and_read_only(archive: Path, opened: Open) -> None:
    faces = opened(archive)
    for array in (faces.images, faces.labels, faces.names, faces.part, faces.file_hashes):
        assert isinstance(array, np.memmap) and not array.flags.writeable
    assert faces.labels.dtype == np.int64 and faces.images.dtype == np.uint8


def test_source_is_read_once(cache_dir: Path) -> None:
    reader = Made([record(number) for number in range(5)])
    first, second = open_faces(reader, cache_dir), open_faces(reader, cache_dir)
    assert reader.times_read == 1
    assert first.fingerprint == second.fingerprint
    assert np.array_equal(first.images, second.images)


def test_faces_stay_in_order_with_what_is_known_of_them(cache_dir: Path) -> None:
    faces = open_faces(Made([record(number) for number in range(300)]), cache_dir)
    assert faces.images.shape == (300, 8, 8, 3)
    assert faces.images[..., 0, 0, 0].tolist() == [number % 251 for number in range(300)]
    assert faces.names.tolist() == [f"face {number}" for number in range(300)]
    assert faces.subject is not None and faces.subject[7] == "p3"
    assert faces.part is None and faces.file_hashes is None and faces.votes is None


def test_fingerprint_is_of_content_alone(tmp_path: Path) -> None:
    def fingerprint(records: list[Record]) -> str:
        key = str(len(list(tmp_path.iterdir())))
        return open_faces(Made(records, key), tmp_path).fingerprint

    records = [record(number) for number in range(4)]
    image = records[0].image.copy()
    image[0, 0, 0] += 1
    same = fingerprint(records)
    assert fingerprint([replace(records[0], name="other"), *records[1:]]) == same
    for changed in (
        replace(records[0], image=image),
        replace(records[0], label=1),
        replace(records[0], subject="p9"),
        replace(records[0], part="public"),
    ):
        assert fingerprint([changed, *records[1:]]) != same
    assert fingerprint(records[::-1]) != same


def test_a_changed_source_is_read_again(tree: Path, opened: Open) -> None:
    first = opened(tree)
    os.utime(tree / "train" / "sad" / "Training_0.jpg", (1, 1))
    assert opened(tree).fingerprint == first.fingerprint
    (tree / "train" / "sad" / "Training_0.jpg").unlink()
    assert len(opened(tree)) == 41


@pytest.mark.parametrize("form", ["archive", "table"])
def test_a_changed_file_is_read_again(
    form: str, cache_dir: Path, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(form)
    before = Fer2013Reader(path).source_key()
    assert Fer2013Reader(path).source_key() == before
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    assert Fer2013Reader(path).source_key() != before


def damage(folder: Path, how: str) -> None:
    if how == "pixels cut off":
        os.truncate(folder / "images.npy", 50_000)
    elif how == "names gone":
        (folder / "names.npy").unlink()
    elif how == "head of labels":
        data = (folder / "labels.npy").read_bytes()
        (folder / "labels.npy").write_bytes(b"\0" * 20 + data[20:])
    elif how == "no record":
        (folder / "meta.json").unlink()
    elif how == "half a record":
        os.truncate(folder / "meta.json", 200)
    elif how == "empty record":
        (folder / "meta.json").write_text("{}")
    elif how == "another record":
        meta = json.loads((folder / "meta.json").read_text())
        meta["arrays"]["images"]["shape"] = [42, 24, 96]
        (folder / "meta.json").write_text(json.dumps(meta))


@pytest.mark.parametrize(
    "how",
    [
        "pixels cut off",
        "names gone",
        "head of labels",
        "no record",
        "half a record",
        "empty record",
        "another record",
    ],
)
def test_a_damaged_cache_is_made_again(
    how: str, archive: Path, opened: Open, cache_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = opened(archive)
    pixels = whole.images.copy()
    [folder] = cache_dir.iterdir()
    damage(folder, how)
    again = opened(archive)
    assert "is damaged" in caplog.text and "making it again" in caplog.text
    assert np.array_equal(again.images, pixels) and again.fingerprint == whole.fingerprint
    assert list(cache_dir.iterdir()) == [folder]
    caplog.clear()
    opened(archive)
    assert "damaged" not in caplog.text


def test_interrupted_by_hand(
    archive: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(reader: Fer2013Reader, on_bad: OnBad) -> Iterator[Record]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(Fer2013Reader, "records", interrupted)
    with pytest.raises(KeyboardInterrupt):
        open_faces(Fer2013Reader(archive), cache_dir)
    assert list(cache_dir.iterdir()) == []


def test_folder_that_cannot_be_made(archive: Path, opened: Open, cache_dir: Path) -> None:
    cache_dir.write_text("a file")
    with pytest.raises(DataError, match=r"cannot make the cache.*paths\.cache"):
        opened(archive)


def test_skipping_and_stopping_have_their_own_caches(tree: Path, opened: Open) -> None:
    (tree / "train" / "sad" / "Training_bad.jpg").write_bytes(b"")
    assert len(opened(tree, "skip")) == 42
    with pytest.raises(DataError, match="is empty"):
        opened(tree)


def test_faces_of_two_sizes(cache_dir: Path) -> None:
    with pytest.raises(DataError, match=r"face 1 is 9 x 9 x 3, the first face 8 x 8 x 3.*one size"):
        open_faces(Made([record(0), record(1, side=9)]), cache_dir)


def test_no_faces(cache_dir: Path) -> None:
    with pytest.raises(DataError, match="made: no faces"):
        open_faces(Made([]), cache_dir)

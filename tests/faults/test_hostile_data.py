"""Data sets that the fuzzer damaged: each is refused in one message that names the file."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.data.readers import pictures
from fer.data.readers.ferplus_votes import read_votes
from fer.data.readers.pictures import rgb_pixels
from fer.errors import DataError
from tests.builders import fer2013new_csv
from tests.builders_pictures import class_tree
from tests.data.reading import opened


@pytest.mark.parametrize("votes", ["99999999999999999999999", "1000000000000000"])
def test_votes_that_nobody_could_count(votes: str, tmp_path: Path) -> None:
    path = fer2013new_csv(tmp_path / "fer2013new.csv", per_class=1)
    path.write_text(path.read_text().replace(",6,", f",{votes},", 1))
    with pytest.raises(DataError, match="row 1 has votes that are no counts"):
        read_votes(path)


@pytest.mark.parametrize("line", ["x" * 3000, '"' + "x" * 200_000, "a\0b"])
def test_a_list_to_leave_out_of_lines_that_are_no_names(line: str, tmp_path: Path) -> None:
    class_tree(tmp_path / "faces", ("happy", "sad"), per_class=1)
    (tmp_path / "list.txt").write_text(line)
    with pytest.raises(DataError, match=r"list\.txt"):
        opened(tmp_path / "faces", "folder", f"data.exclude={tmp_path / 'list.txt'}")


def test_names_of_files_that_are_not_utf_8(tmp_path: Path) -> None:
    folder = class_tree(tmp_path / "faces", ("happy", "sad"), per_class=2)
    some = next((folder / "happy").glob("*.png"))
    some.rename(folder / "happy" / os.fsdecode(b"gl\xfccklich.png"))
    with pytest.raises(DataError, match=r"gl\\udcfccklich\.png has a name that is not UTF-8"):
        opened(folder, "folder")
    faces = opened(folder, "folder", "data.on_bad_file=skip")
    assert len(faces) == 3
    assert [name for name, _ in faces.bad_files] == ["happy/gl\\udcfccklich.png"]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "1"])
def test_a_picture_in_strips_is_the_same_picture(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65_536, (37, 10), dtype=np.uint16))
    else:
        image = Image.fromarray(rng.integers(0, 256, (37, 10, 4), dtype=np.uint8)).convert(mode)
    if mode == "P":
        image.info["transparency"] = 3
    whole = rgb_pixels(image.copy())
    monkeypatch.setattr(pictures, "STRIP_PIXELS", 50)
    assert np.array_equal(rgb_pixels(image.copy()), whole)
    assert whole.shape == (37, 10, 3)


def test_an_entry_of_a_zip_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train/happy/Training_1.jpg", b"x")
        archive.writestr("n", b"x")
    path.write_bytes(_without_last_name(path.read_bytes()))
    with zipfile.ZipFile(path) as archive:
        assert "" in archive.namelist()
    with pytest.raises(DataError, match="no pictures under test"):
        opened(path, "fer2013")


def _without_last_name(data: bytes) -> bytes:
    """A zip of two entries, the last of which has a name of one letter, with none."""
    start = data.rindex(b"PK\x01\x02")
    entry = bytearray(data[start : start + 46])
    entry[28:30] = (0).to_bytes(2, "little")
    end = bytearray(data[start + 47 :])
    end[12:16] = (int.from_bytes(end[12:16], "little") - 1).to_bytes(4, "little")
    return data[:start] + bytes(entry) + bytes(end)

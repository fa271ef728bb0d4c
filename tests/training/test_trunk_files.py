"""Files that are whole or not there."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fer.errors import ConfigError, RunError
from fer.training.trunk_files import check_room, open_array, write_array

WHOLE = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_pieces_become_a_mapped_array(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "whole.npy"
    write_array(path, WHOLE.shape, iter([WHOLE[:3], WHOLE[3:]]))
    found = open_array(path, WHOLE.shape)
    assert isinstance(found, np.memmap) and found.dtype == np.float32
    assert np.array_equal(found, WHOLE)
    assert open_array(path, (3, 4)) is None
    assert [each.name for each in path.parent.iterdir()] == ["whole.npy"]


def test_a_file_that_is_cut_off_or_missing_is_none(tmp_path: Path) -> None:
    path = tmp_path / "whole.npy"
    assert open_array(path, WHOLE.shape) is None
    write_array(path, WHOLE.shape, [WHOLE])
    for kept in (-1, 60, 0):
        path.write_bytes(path.read_bytes()[:kept])
        assert open_array(path, WHOLE.shape) is None


@pytest.mark.parametrize("place", [10, 70, 128, 150, -5, -1])
def test_a_file_with_one_byte_changed_is_none(place: int, tmp_path: Path) -> None:
    """In its head, its numbers or its checksum."""
    path = tmp_path / "whole.npy"
    write_array(path, WHOLE.shape, [WHOLE])
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    assert open_array(path, WHOLE.shape) is None


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    def fills_up() -> Iterator[NDArray[np.float32]]:
        yield WHOLE[:1] + 100
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "whole.npy"
    write_array(path, WHOLE.shape, [WHOLE])
    with pytest.raises(
        RunError, match=r"whole\.npy could not be written: no space left.*still good.*go on"
    ):
        write_array(path, WHOLE.shape, fills_up())
    assert np.array_equal(open_array(path, WHOLE.shape), WHOLE)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="could not be written"):
        write_array(tmp_path / "file" / "whole.npy", WHOLE.shape, [WHOLE])


def test_room_is_asked_for_beforehand(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    check_room(folder, 1_000, "model.trunk_cache=1")
    with pytest.raises(ConfigError, match=r"model\.trunk_cache=9 needs 1,000,000\.00 GB in .*yet"):
        check_room(folder, 10**15, "model.trunk_cache=9")
    assert not folder.exists()

"""Blocks of faces on disk: a file of pixels, then one of all else, which says that it is whole."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fer.data.cache_columns import Columns
from fer.data.checksums import file_checksum
from fer.data.readers import Record
from fer.data.readers.files import printable
from fer.errors import DataError

CHUNK = 256
HEAD_BYTES = 128
"""What NumPy's format takes before the pixels, for any number of faces."""

_STORY = "story"


class BadFiles:
    """Takes what cannot be used: the first one is an error, or all are listed.

    Args:
        origin: What is read, for messages.
        on_bad_file: `stop` or `skip`.
    """

    def __init__(self, origin: str, on_bad_file: str) -> None:
        self.origin, self.on_bad_file = origin, on_bad_file
        self.found: list[tuple[str, str]] = []

    def __call__(self, name: str, reason: str) -> None:
        """Notes a file.

        Raises:
            DataError: With `stop`.
        """
        name = printable(name)
        if self.on_bad_file == "stop":
            raise DataError(
                f"{self.origin}: {name} {reason}; mend or remove it, or leave such files out "
                "with data.on_bad_file=skip"
            )
        self.found.append((name, reason))


@dataclass(frozen=True)
class Block:
    """Some of the faces, one after the other, in a folder.

    Attributes:
        folder: The cache that is being made.
        number: Place of the block among all, from 0.
    """

    folder: Path
    number: int

    @property
    def images(self) -> Path:
        """The pixels, uint8 `[n, H, W]` or `[n, H, W, 3]`; no file where there are no faces."""
        return self.folder / f"images-{self.number:05d}.npy"

    @property
    def columns(self) -> Path:
        """All else that is known of them, and what was met on the way."""
        return self.folder / f"columns-{self.number:05d}.npz"

    def read(self) -> dict[str, NDArray[Any]]:
        """The columns that are known: `labels` `[n]`, `names` `[n]` and so on."""
        with np.load(self.columns, allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name != _STORY}

    def story(self) -> dict[str, Any]:
        """What was met: `shape` of a face, `bad_files`, what the opener `told`; the pixels' CRC."""
        with np.load(self.columns, allow_pickle=False) as file:
            found: dict[str, Any] = json.loads(str(file[_STORY]))
        return found

    def is_whole(self) -> bool:
        """Whether both files are there as they were written."""
        try:
            if not len(self.read()["labels"]):
                return True
            return bool(file_checksum(self.images) == self.story()["checksum"])
        except (OSError, ValueError, LookupError, zipfile.BadZipFile):
            return False


def has_blocks(folder: Path) -> bool:
    """Whether a block was finished in a folder."""
    return any(folder.glob("columns-*.npz"))


def write_block(
    block: Block,
    records: Iterable[Record],
    bad: BadFiles,
    told: Callable[[], list[Any]] = list,
    by_content: bool = False,
) -> None:
    """Writes faces as they come, one face in memory at a time.

    Args:
        block: Where; what is there of it is replaced.
        records: The faces.
        bad: Has met what cannot be used of them once all are there.
        told: Called after the last face: what else is to be told of them, plain values.
        by_content: Whether the faces are brought into the order of their content.

    Raises:
        DataError: A bad file with `stop`, or faces of several sizes.
        OSError: The folder cannot be written to.
    """
    columns, shape = Columns(by_content), ()
    with block.images.open("wb") as file:
        file.write(bytes(HEAD_BYTES))
        for record in records:
            if printable(record.name) != record.name:
                bad(record.name, "has a name that is not UTF-8: rename it")
                continue
            shape = shape or record.image.shape
            if record.image.dtype != np.uint8:
                raise DataError(f"{bad.origin}: {record.name} is {record.image.dtype}, not uint8")
            check_size(record.name, record.image.shape, shape, bad.origin)
            file.write(record.image.tobytes())
            columns.add(record)
        if columns.labels:
            _finish(file, (len(columns.labels), *shape))
    order = np.arange(len(columns.labels))
    if not columns.labels:
        block.images.unlink()
    elif by_content:
        order = columns.order_by_content()
        _reorder(block.images, order)
    checksum = file_checksum(block.images) if columns.labels else None
    story = {"shape": shape, "bad_files": bad.found, "told": told(), "checksum": checksum}
    arrays: dict[str, Any] = {**columns.arrays(order), _STORY: np.array(json.dumps(story))}
    part = block.columns.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **arrays)
        sync(file)
    part.replace(block.columns)


def check_size(name: str, size: Sequence[int], first: Sequence[int], origin: str) -> None:
    """Refuses a face of another size than the first one's.

    Args:
        name: Of the face.
        size: Its height and width, and 3 where it is in colour.
        first: The same of the first face.
        origin: What the source is called.

    Raises:
        DataError: Names the face.
    """
    if list(size) != list(first):
        raise DataError(
            f"{origin}: {name} is {_times(size)}, the first face {_times(first)}; bring all faces "
            "to one size"
        )


def _times(size: Sequence[int]) -> str:
    return " x ".join(map(str, size))


def _reorder(path: Path, order: NDArray[np.int64]) -> None:
    """Write the images anew in another order.

    By plain writes: a full disk raises, where writing into a memory map would crash.
    """
    arrived = path.rename(path.with_name("arrived.npy"))
    images = np.load(arrived, mmap_mode="r", allow_pickle=False)
    with path.open("wb") as file:
        file.write(bytes(HEAD_BYTES))
        for start in range(0, len(order), CHUNK):
            file.write(images[order[start : start + CHUNK]].tobytes())
        _finish(file, images.shape)
    del images
    arrived.unlink()


def _finish(file: BinaryIO, shape: tuple[int, ...]) -> None:
    """Write the head of an image array into the room left for it, now that N is known."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    assert len(head.getvalue()) == HEAD_BYTES
    file.seek(0)
    file.write(head.getvalue())
    sync(file)


def sync(file: BinaryIO) -> None:
    """Have the bytes on disk, so that a power cut cannot leave a name without its content."""
    file.flush()
    os.fsync(file.fileno())

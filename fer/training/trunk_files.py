"""Arrays that a run keeps while it trains: float32 files, whole or not there, memory-mapped."""

from __future__ import annotations

import io
import shutil
import zlib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer.data.checksums import file_checksum
from fer.errors import ConfigError
from fer.writing import kept_aside

WHOLE = zlib.crc32(bytes(4))
"""CRC-32 of any bytes that their own CRC-32 follows, lowest byte first."""


def open_array(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32] | None:
    """The array of a file, memory-mapped; None where there is none, another or a damaged one."""
    try:
        if file_checksum(path) != WHOLE:
            return None
        found: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        return None
    return found if found.shape == shape else None


def write_array(path: Path, shape: tuple[int, ...], pieces: Iterable[NDArray[np.float32]]) -> None:
    """Writes pieces one after the other and their checksum, aside, and renames.

    By plain writes: a full disk raises, where writing into a memory map would crash.

    Raises:
        RunError: The disk is full or refuses.
    """
    head, checksum = io.BytesIO(), 0
    about = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, about)
    with kept_aside(path) as file:
        for part in chain([head.getvalue()], (each.astype("<f4").tobytes() for each in pieces)):
            checksum = zlib.crc32(part, checksum)
            file.write(part)
        file.write(checksum.to_bytes(4, "little"))


def check_room(folder: Path, size: int, key: str) -> None:
    """Refuses what the disk cannot hold, counting what is in the folder already as room.

    Args:
        folder: It need not exist yet.
        size: Bytes.
        key: The setting that asks for so much, with its value.

    Raises:
        ConfigError: Names the setting.
    """
    there = next(p for p in (folder, *folder.absolute().parents) if p.is_dir())
    own = sum(path.stat().st_size for path in folder.glob("*/*.npy"))
    free = shutil.disk_usage(there).free
    if size > free + own:
        raise ConfigError(
            f"{key} needs {size / 1e9:,.2f} GB in {folder}, where {free / 1e9:,.2f} GB are free: "
            "make room, ask for less, or choose another disk with paths.outputs"
        )

"""The record of a cache, with checksums: a byte that changed on the disk is not learnt from.

CRC-32 finds every change within 32 neighbouring bits, and of others all but one in four thousand
million. It guards against disks, not against people: who can write there can write a checksum.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fer.writing import write_text

ALWAYS = 2**30
"""Bytes up to which a whole cache is read at every opening: FER2013's 83 MB take 0.1 s.

A larger one is read again once a file's size, time or place on the disk have changed, which a copy
or a careless program does; and after `AGAIN`, for a disk that forgets changes none of these. `SEEN`
keeps what was read, and when.
"""

AGAIN = 24 * 3600
"""Seconds after which a large cache is read as a whole once more."""

SEEN = "verified.json"
CHUNK = 2**22


def write_record(path: Path, meta: Mapping[str, Any]) -> None:
    """Writes the record of a cache, the last of its files, and has it on the disk.

    Args:
        path: Its file, beside those of the arrays.
        meta: Plain values; `arrays` has an entry for each file `<name>.npy`.
    """
    arrays = {
        name: {**entry, "checksum": file_checksum(path.with_name(f"{name}.npy"))}
        for name, entry in meta["arrays"].items()
    }
    whole = {**meta, "arrays": arrays}
    with path.open("wb") as file:
        file.write(json.dumps({**whole, "checksum": _checksum(whole)}, indent=1).encode())
        file.flush()
        os.fsync(file.fileno())


def read_record(path: Path) -> dict[str, Any]:
    """The record of a cache whose files are as they were written.

    Raises:
        OSError: A file is missing.
        ValueError: The record, or a file that it tells of, has changed; the message names it.
        LookupError: It has no checksums.
    """
    meta: dict[str, Any] = json.loads(path.read_bytes())
    if meta.pop("checksum") != _checksum(meta):
        raise ValueError(f"{path.name} has changed since it was written")
    files = {f"{name}.npy": entry["checksum"] for name, entry in meta["arrays"].items()}
    marks = {name: _mark(path.with_name(name)) for name in files}
    large = sum(size for size, *_ in marks.values()) > ALWAYS
    if large and _seen(path.with_name(SEEN)) == marks:
        return meta
    for name, checksum in files.items():
        if file_checksum(path.with_name(name)) != checksum:
            raise ValueError(f"{name} has changed since it was written")
    if large:
        with suppress(OSError):  # a cache that may only be read is read each time
            write_text(path.with_name(SEEN), json.dumps(marks))
    return meta


def file_checksum(path: Path) -> int:
    """CRC-32 of a file's bytes, a piece in memory at a time."""
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def _checksum(meta: Mapping[str, Any]) -> int:
    """Of a record's content, however it is laid out."""
    return zlib.crc32(json.dumps(meta, sort_keys=True).encode())


def _mark(path: Path) -> list[int]:
    """What changes with a file's content: size, time of the last change, place on the disk."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _seen(path: Path) -> Any:
    """The marks of the files that were found whole; none where that is long ago."""
    try:
        seen: Any = json.loads(path.read_bytes())
        recent = 0 <= time.time() - path.stat().st_mtime < AGAIN
    except (OSError, ValueError):
        return None
    return seen if recent else None

"""Files that are whole or not there: written aside, then moved into place."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from fer.errors import RunError


@contextmanager
def aside(path: Path) -> Iterator[Path]:
    """Where to write what shall stand at `path`: moved there at the end, removed on an error.

    A reader sees the old file or the new one, never a part, and processes that write the same file
    side by side, on several machines too, do not meet. The folder is made where needed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part-{secrets.token_hex(4)}")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)  # a full disk does not say for which file
        raise
    finally:
        part.unlink(missing_ok=True)  # there only where writing failed


@contextmanager
def kept_aside(path: Path) -> Iterator[BinaryIO]:
    """As `aside`, for what a training goes on from: open for bytes, on the disk before it is moved.

    Raises:
        RunError: The disk is full or refuses; what was at `path` is still there.
    """
    try:
        with aside(path) as part, part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        why = "no space left on the disk" if error.errno == errno.ENOSPC else str(error)
        raise RunError(
            f"{path} could not be written: {why}. What was written before is still good; make "
            "room and run the same command again to go on"
        ) from None


def write_text(path: Path, text: str) -> None:
    """Writes a text as it is, UTF-8, aside; it is on the disk before it is moved into place."""
    with aside(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def remove_parts(folder: Path, besides: str) -> None:
    """Removes what processes that were killed while they wrote left in a folder and below.

    Args:
        folder: Nobody writes there now.
        besides: A folder in it where somebody may.
    """
    for part in folder.rglob("*.part-*"):
        if besides not in part.relative_to(folder).parts and part.is_file():
            part.unlink(missing_ok=True)

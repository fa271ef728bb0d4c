"""One process at a time; the system frees the lock however its owner ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fer.errors import RunError

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: Path, refusal: str) -> Iterator[None]:
    """Holds a lock file, which is gone afterwards.

    Args:
        path: The file; its folder is there.
        refusal: What to say where another process has it.

    Raises:
        RunError: Another process has it.
    """
    file = path.open("w")
    try:
        while fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunError(refusal) from None
            if _is_at(path, file.fileno()):
                break
            file.close()  # its owner removed it between the two lines above: take the next one
            file = path.open("w")
        try:
            yield
        finally:
            with suppress(OSError):  # a disk that became read-only; what went wrong before counts
                if _is_at(path, file.fileno()):  # or another process has a folder of its own there
                    path.unlink()
    finally:
        file.close()


def _is_at(path: Path, number: int) -> bool:
    """Whether an open file is the one that stands at a path."""
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except FileNotFoundError:
        return False

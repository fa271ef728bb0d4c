"""Files below a folder, as quickly as the system tells them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from fer.errors import DataError

SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
JUNK = frozenset(("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini"))


class File(NamedTuple):
    """A file by its name relative to the folder that was scanned, with `/` between the parts.

    Attributes:
        name: Such as `train/happy/12.jpg`.
        size: In bytes.
        time: Of its last change, in nanoseconds.
    """

    name: str
    size: int
    time: int


def is_junk(name: str) -> bool:
    """Whether an operating system or a notebook left this file or folder behind."""
    return (name.startswith(".") and name != "..") or name.lower() in JUNK


def is_picture(name: str) -> bool:
    """Whether a file's name ends as a picture's does."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122, a Path costs ten times more


def scan(folder: Path, wanted: Callable[[str], bool] | None = None) -> list[File]:
    """All files of a folder and of the folders in it but junk, sorted by name.

    Args:
        folder: Where to look.
        wanted: Told a file's own name; says whether it counts. None: every file does.

    Raises:
        DataError: A folder cannot be read, or a link leads back to a folder around it.
    """
    found: list[File] = []
    try:
        _scan_into(found, folder, "", wanted, frozenset())
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error}); check its permissions") from error
    return sorted(found)


def files_key(files: Iterable[File]) -> str:
    """Text that changes whenever a name, a size or a time does."""
    text = "\n".join([f"{name}\0{size}\0{time}" for name, size, time in files])
    return hashlib.sha256(os.fsencode(text)).hexdigest()


def printable(name: str) -> str:
    """A file's name with escapes for what is not UTF-8 in it; the same where all is."""
    return name.encode(errors="backslashreplace").decode()


def _scan_into(
    found: list[File],
    folder: Path,
    prefix: str,
    wanted: Callable[[str], bool] | None,
    links: frozenset[Path],
) -> None:
    """Add the files of a folder, reached over the targets of some links, and of those in it."""
    with _quick_scan(folder) as entries:
        for entry in entries:
            name = entry.name
            if is_junk(name):
                continue
            if entry.is_dir():
                inner = folder / name
                met = links | {_target(inner, links)} if entry.is_symlink() else links
                _scan_into(found, inner, f"{prefix}{name}/", wanted, met)
                continue
            if wanted is not None and not wanted(name):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:  # a link that leads nowhere: reading it will tell
                status = entry.stat(follow_symlinks=False)
            found.append(File(prefix + name, status.st_size, status.st_mtime_ns))


def _target(link: Path, links: frozenset[Path]) -> Path:
    """The folder that a link leads to, unless that is one that lies around it."""
    target = link.resolve()
    if target in links or link.parent.resolve().is_relative_to(target):
        raise DataError(f"{link} is a link back to a folder around it: remove it")
    return target


@contextmanager
def _quick_scan(folder: Path) -> Iterator[Iterator[os.DirEntry[str]]]:
    """`os.scandir`, where possible by descriptor: then 35,887 files cost a quarter less time."""
    if os.scandir not in os.supports_fd:
        with os.scandir(folder) as entries:
            yield entries
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with os.scandir(descriptor) as entries:
            yield entries
    finally:
        os.close(descriptor)

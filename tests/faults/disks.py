"""Disks of a test's own: small ones, and folders that may only be read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _mounted(*arguments: str) -> None:
    """Runs mount; skips the test where that is not allowed."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting a disk needs a privileged user: {done.stderr.strip()}")


def _unmount(place: Path) -> None:
    subprocess.run(["umount", "--lazy", str(place)], check=True)  # faces stay mapped


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """An empty disk in memory, of a size such as `64m`."""
    place.mkdir()
    _mounted("-t", "tmpfs", "-o", f"size={size}", "fer-test", str(place))
    try:
        yield place
    finally:
        _unmount(place)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that nobody can write to, not even the superuser, whom modes do not bind."""
    _mounted("--bind", str(folder), str(folder))
    try:
        _mounted("-o", "remount,ro,bind", str(folder))
        yield
    finally:
        _unmount(folder)


def fill(disk: Path, left: int) -> Path:
    """Fills a disk but for some bytes, with a file that can be removed again."""
    space = os.statvfs(disk)
    filler = disk / "filler"
    filler.write_bytes(bytes(max(0, space.f_bavail * space.f_frsize - left)))
    return filler

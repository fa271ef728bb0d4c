"""Processes that make a cache and are killed, race each other, or fill the disk."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fer.data.faces import Faces
from tests.builders import fer2013_zip

Open = Callable[..., Faces]

SCRIPT = """
import resource, sys, time
from pathlib import Path
from fer.data.cache import open_faces
from fer.data.readers.fer2013 import Fer2013Reader

class Slow(Fer2013Reader):
    def records(self, on_bad):
        for record in super().records(on_bad):
            time.sleep(float(sys.argv[3]))
            yield record

if len(sys.argv) > 4:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
print(open_faces(Slow(sys.argv[1]), Path(sys.argv[2])).fingerprint)
"""


def start(source: Path, cache_dir: Path, *arguments: object) -> subprocess.Popen[str]:
    """A process of its own that opens FER2013; seconds per face, then the most bytes of a file."""
    command = [sys.executable, "-c", SCRIPT, source, cache_dir, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(list(map(str, command)), stdout=pipe, stderr=pipe, text=True)


def wait_until_one_makes(cache_dir: Path) -> None:
    """Until a process is in the middle of making a cache."""
    deadline = time.monotonic() + 60
    while not list(cache_dir.glob(".*/images-00000.npy")):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_half_way(archive: Path, opened: Open, cache_dir: Path) -> None:
    process = start(archive, cache_dir, 0.1)
    wait_until_one_makes(cache_dir)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    [left] = cache_dir.glob(".*.building")
    fer2013_zip(archive, per_class=3)
    opened(archive)
    assert left.exists()  # the same source may come again
    for path in (left, *left.iterdir()):
        os.utime(path, (1, 1))
    fer2013_zip(archive, per_class=4)
    opened(archive)
    assert not left.exists() and len(list(cache_dir.glob("fer2013-*"))) == 2


def test_the_next_one_takes_a_killed_ones_place(
    archive: Path, opened: Open, cache_dir: Path
) -> None:
    process = start(archive, cache_dir, 0.1)
    wait_until_one_makes(cache_dir)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(opened(archive)) == 42
    [folder] = cache_dir.iterdir()
    assert folder.name.startswith("fer2013-")


def test_two_processes_at_once(archive: Path, opened: Open, cache_dir: Path) -> None:
    both = [start(archive, cache_dir, 0.05) for _ in range(2)]
    outputs = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sum("another process is making the cache" in error for _, error in outputs) == 1
    [folder] = cache_dir.iterdir()
    first, second = (out.split()[-1] for out, _ in outputs)
    assert first == second == opened(archive).fingerprint
    assert folder.name.startswith("fer2013-")


@pytest.mark.parametrize("why", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_disk_without_locks(
    why: str, opened: Open, archive: Path, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some shared disks have none; a cache is made there, and a made one opened, all the same."""

    def refuse(file: object, how: int) -> None:
        raise OSError(getattr(errno, why), "the disk has no locks")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert opened(archive).fingerprint == opened(archive).fingerprint
    [folder] = cache_dir.iterdir()
    assert folder.name.startswith("fer2013-")


@pytest.mark.parametrize("most_bytes", [4_096, 20_000, 96_800])
def test_disk_full(most_bytes: int, archive: Path, cache_dir: Path) -> None:
    process = start(archive, cache_dir, 0, most_bytes)
    _, error = process.communicate()
    assert process.returncode == 1
    assert "DataError: cannot make the cache" in error and "free some room" in error
    assert list(cache_dir.iterdir()) == []

"""Steps in processes of their own: their memory, and what they read from the disk."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GROUPS = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
"""Where a control group of memory is made: the first and the second version."""


def anonymous_mib(process: int) -> float:
    """Anonymous memory of a process now, in MiB; 0 where it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


@contextmanager
def peaks() -> Iterator[dict[str, float]]:
    """The most anonymous memory of this process, and of all together that it started, in MiB."""
    found, done = {"main": 0.0, "others": 0.0}, threading.Event()

    def look() -> None:
        found["main"] = max(found["main"], anonymous_mib(os.getpid()))
        others = [child.pid for child in multiprocessing.active_children()]
        found["others"] = max(found["others"], sum(anonymous_mib(p) for p in others if p))

    def watch() -> None:
        while not done.wait(0.05):
            look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        done.set()
        watcher.join()
        look()


def busy_seconds() -> float:
    """Processor time of this process and of those it started and that have ended."""
    return sum(os.times()[:4])


def forget(cache: Path) -> None:
    """Takes the files of a cache out of the page cache."""
    for path in cache.glob("*/*.npy"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read() -> int:
    """That this process had read from the disk."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("read_bytes")))


@contextmanager
def bounded_group(mib: int) -> Iterator[Path | None]:
    """A control group whose processes may use so much memory; None where it cannot be made."""
    for top, limit in zip(GROUPS, ("memory.limit_in_bytes", "memory.max"), strict=True):
        group = top / f"fer-scale-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(str(mib * 2**20), encoding="ascii")
        except OSError:
            group.rmdir()
            continue
        try:
            yield group
        finally:
            group.rmdir()
        return
    yield None


def apart(task: Any, *arguments: Any) -> dict[str, Any]:
    """Runs a step in a fresh process; what it answered."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=task, args=(theirs, *arguments))
    process.start()
    theirs.close()
    try:
        found: dict[str, Any] | None = ours.recv()
    except EOFError:
        found = None
    process.join()
    if found is None:
        raise SystemExit(f"{task.__name__} ended with {process.exitcode}; its error stands above")
    return found

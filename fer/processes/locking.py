"""One process at a time; a lock says whose it is, and a dead owner's is taken over."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TextIO

from fer.errors import RunError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BEAT = 5.0
"""Seconds between an owner's signs of life, each a new time of the lock file."""

SILENCE = 30.0
"""Seconds without one after which an owner counts as dead that the system cannot speak for.

Who has made the file and not yet written into it has `BEAT` seconds: less is needed for that.
"""

POLL = 0.5
"""Seconds between looks at a lock that is waited for."""


@dataclass(frozen=True)
class Lock:
    """A lock that this process has taken.

    Attributes:
        path: The file.
        own: What it says while this process has it, and under no other owner.
    """

    path: Path
    own: dict[str, str | int]

    def is_held(self) -> bool:
        """Whether nobody has taken it over or removed it; so far as the disk can be read."""
        try:
            return _read(self.path) == self.own
        except OSError:
            return True


@contextmanager
def locked(path: Path, what: str, tell: Callable[[str], object] | None = None) -> Iterator[Lock]:
    """Holds a lock file, which is gone afterwards; it names its owner, for whoever wants it too.

    The system frees a lock whose owner on this machine has ended, however it did. An owner on
    another machine, whose locks not every shared disk passes on, is watched for a sign of life.
    One that gave none for so long, and yet lives, has lost its lock: it asks `Lock.is_held` before
    it writes.

    Args:
        path: The file; its folder is made where needed.
        what: What to say of it where another process has it.
        tell: Says that it is waited for; None: it is not.

    Raises:
        RunError: Another process has it.
    """
    lock, file = _take(path, what, tell)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(lock, ended), daemon=True)
    beating.start()
    try:
        yield lock
    finally:
        ended.set()
        beating.join()
        with suppress(OSError):  # a disk that became read-only; what went wrong before counts
            if lock.is_held():
                path.unlink()
        file.close()


def is_silent(path: Path) -> bool:
    """Whether a lock is not there, or its owner has given no sign of life for long."""
    try:
        return time.time() - path.stat().st_mtime > SILENCE
    except FileNotFoundError:
        return True


def _take(path: Path, what: str, tell: Callable[[str], object] | None) -> tuple[Lock, TextIO]:
    """The lock with this process as its owner, and its file as the system's lock needs it."""
    lock, told = Lock(path, _myself()), False
    while True:
        file, made = _open(path)
        try:
            owner = _claim(lock, file, made)
        except BaseException:
            with suppress(OSError):
                if made:
                    path.unlink()
            file.close()
            raise
        if owner is None:
            return lock, file
        file.close()
        if owner and tell is None:
            raise RunError(f"{what} ({owner}): wait for it, or end it")
        if owner and tell is not None and not told:
            tell(f"{what} ({owner}): waiting for it")
            told = True
        if owner:
            time.sleep(POLL)


def _open(path: Path) -> tuple[TextIO, bool]:
    """The lock file, and whether it was made here, which of several processes one alone does."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError, FileNotFoundError):
            return path.open("x+", encoding="utf-8"), True
        with suppress(FileNotFoundError):  # who had it left, or took its empty folder away
            return path.open("r+", encoding="utf-8"), False


def _claim(lock: Lock, file: TextIO, made: bool) -> str | None:
    """Writes this process into an open lock file, unless another one has it.

    Returns:
        None where it is this process's now; else who has it, empty where that is about to change.
    """
    system = _system_lock(file)
    if system is False:
        return _words(_read(lock.path))
    if not _is_at(lock.path, file.fileno()):
        return ""
    before = _read(lock.path)
    free = (system and before.get("host") == lock.own["host"]) if before else made
    if not free and _is_alive(lock.path, SILENCE if before else BEAT):
        return _words(before)
    file.seek(0)
    file.truncate()
    file.write(json.dumps(lock.own))
    file.flush()
    os.fsync(file.fileno())  # other machines see it
    if not free:  # several may have found it silent at the same time
        time.sleep(POLL)
        if not lock.is_held():
            return ""
    if system is None:
        file.close()  # Windows removes no file that is open
    return None


def _system_lock(file: TextIO) -> bool | None:
    """Whether the system gives the lock to this process; None where it has no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a shared disk without them
        return None
    return True


def _is_alive(path: Path, silence: float) -> bool:
    """Whether a lock's owner gives a sign of life within so many seconds of this machine's."""
    try:
        until, before = time.monotonic() + silence, path.stat().st_mtime_ns
    except FileNotFoundError:
        return True
    while time.monotonic() < until:
        time.sleep(POLL)
        try:
            with path.open("rb") as file:  # shared disks tell the present time to who opens
                if os.fstat(file.fileno()).st_mtime_ns != before:
                    return True
        except FileNotFoundError:  # it has left
            return True
    return False


def _beat(lock: Lock, ended: threading.Event) -> None:
    """Gives signs of life as long as the lock is this process's."""
    while not ended.wait(BEAT):
        with suppress(OSError):
            if lock.is_held():
                os.utime(lock.path)


def _myself() -> dict[str, str | int]:
    """What a lock says of this process, each time another."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's nameless user
        user = ""
    since = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "user": user,
        "since": since,
        "mark": secrets.token_hex(8),
    }


def _read(path: Path) -> dict[str, str | int]:
    """What a lock says of its owner; nothing where it is being written, or is gone."""
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _words(owner: dict[str, str | int]) -> str:
    """An owner for people."""
    if not owner:
        return "it has just begun"
    user = f", {owner['user']}" if owner.get("user") else ""
    return f"process {owner.get('pid')} on {owner.get('host')}{user}, since {owner.get('since')}"


def _is_at(path: Path, number: int) -> bool:
    """Whether an open file is the one that stands at a path."""
    try:
        return os.path.samestat(os.fstat(number), path.stat())
    except FileNotFoundError:
        return False

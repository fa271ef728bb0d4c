"""One process at a time; a lock says whose it is, and a dead owner's is taken over."""

from __future__ import annotations

import getpass
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
"""Seconds without one after which an owner counts as dead that the system cannot speak for."""

POLL = 0.5
"""Seconds between looks at a lock that is waited for."""


@contextmanager
def locked(path: Path, what: str, tell: Callable[[str], object] | None = None) -> Iterator[None]:
    """Holds a lock file, which is gone afterwards; it names its owner, for whoever wants it too.

    The system frees a lock whose owner on this machine has ended, however it did. An owner on
    another machine, whose locks not every shared disk passes on, is watched for a sign of life.

    Args:
        path: The file; its folder is there.
        what: What to say of it where another process has it.
        tell: Says that it is waited for; None: it is not.

    Raises:
        RunError: Another process has it.
    """
    file = _take(path, what, tell)
    ended = threading.Event()
    beating = threading.Thread(target=_beat, args=(path, file, ended), daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join()
        with suppress(OSError):  # a disk that became read-only; what went wrong before counts
            if _is_at(path, file.fileno()):  # or another process has a folder of its own there
                path.unlink()
        file.close()


def _take(path: Path, what: str, tell: Callable[[str], object] | None) -> TextIO:
    """The lock file, open, with this process as its owner."""
    told = False
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+", encoding="utf-8")
        except FileNotFoundError:  # who had it took its empty folder away
            continue
        try:
            system = _system_lock(file)
            owner = _other_owner(path, file, system)
            if owner is None and _sign(file, system):
                return file
        except BaseException:
            file.close()
            raise
        file.close()
        if owner and tell is None:
            raise RunError(f"{what} ({owner}): wait for it, or end it")
        if owner and tell is not None and not told:
            tell(f"{what} ({owner}): waiting for it")
            told = True
        if owner:
            time.sleep(POLL)


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


def _other_owner(path: Path, file: TextIO, system: bool | None) -> str | None:
    """Who else holds an open lock file; empty where that is about to change, None where nobody."""
    if system is False:
        return _words(_read(file))
    if not _is_at(path, file.fileno()):
        return ""
    owner = _read(file)
    if not owner or (system and owner.get("host") == _myself()["host"]):
        return None
    return _words(owner) if _is_alive(path) else None


def _sign(file: TextIO, system: bool | None) -> bool:
    """Writes this process into the lock file; False where another one did at the same time."""
    own = _myself()
    file.truncate(0)
    file.write(json.dumps(own))
    file.flush()
    if system:
        return True
    time.sleep(POLL)
    return _read(file) == own


def _is_alive(path: Path) -> bool:
    """Whether a lock's owner gives a sign of life, by its own clock alone."""
    until, before = time.monotonic() + SILENCE, path.stat().st_mtime_ns
    while time.monotonic() < until:
        time.sleep(POLL)
        try:
            with path.open("rb") as file:  # shared disks tell the present time to who opens
                if os.fstat(file.fileno()).st_mtime_ns != before:
                    return True
        except FileNotFoundError:  # it has left
            return True
    return False


def _beat(path: Path, file: TextIO, ended: threading.Event) -> None:
    """Gives signs of life."""
    while not ended.wait(BEAT):
        with suppress(OSError):
            if _is_at(path, file.fileno()):
                os.utime(path)


def _myself() -> dict[str, str | int]:
    """What a lock says of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's nameless user
        user = ""
    since = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"host": socket.gethostname(), "pid": os.getpid(), "user": user, "since": since}


def _read(file: TextIO) -> dict[str, str | int]:
    """What a lock says of its owner; nothing where it is being written."""
    file.seek(0)
    try:
        owner = json.loads(file.read())
    except ValueError:
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

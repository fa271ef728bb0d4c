"""What an input must not do: write elsewhere, run code, call the network, hang, take memory."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SECONDS = 10
"""Of the processor, so that a busy machine makes no failures."""

PATIENCE = 60
"""Seconds by the clock, after which the process is ended: a hang that takes no processor."""

MEBIBYTES = 2048
HEADROOM = 4096
"""MiB of addresses beyond those that the libraries have taken, so that no input harms a machine."""

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = (
    *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link", "os.truncate"),
    *("os.chmod", "os.chown", "os.utime", "os.mkfifo", "shutil.rmtree", "tempfile.mkstemp"),
)
_RELATIVE = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link")
_NEVER = (
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pickle.find_class"),
    *("socket.connect", "socket.getaddrinfo", "urllib.Request", "webbrowser.open"),
)


class TooSlowError(BaseException):
    """An input took too long; not an `Exception`, which a reader might catch."""


class Watch:
    """Looks over one input after the other, with Python's audit events and the system's clocks.

    Args:
        allowed: Folders in which readers may write.
    """

    def __init__(self, allowed: list[Path]) -> None:
        self.allowed = [path.resolve() for path in allowed]
        self.on = False
        self.breaches: list[str] = []
        self.seconds = self.mebibytes = 0.0
        signal.signal(signal.SIGPROF, _too_slow)
        taken = _status("VmSize")
        resource.setrlimit(resource.RLIMIT_AS, (int((taken + HEADROOM) * 2**20),) * 2)
        sys.addaudithook(self._hear)

    @contextmanager
    def input(self) -> Iterator[None]:
        """While one input is read; `breaches`, `seconds` and `mebibytes` are of it afterwards."""
        self.breaches.clear()
        _reset_peak()
        # for what no signal reaches
        faulthandler.dump_traceback_later(PATIENCE, exit=True, file=sys.__stderr__)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        started = time.process_time()
        self.on = True
        try:
            yield
        finally:
            self.on = False
            signal.setitimer(signal.ITIMER_PROF, 0)
            faulthandler.cancel_dump_traceback_later()
            self.seconds = time.process_time() - started
            self.mebibytes = _status("VmHWM")

    def _hear(self, event: str, values: tuple[object, ...]) -> None:
        if not self.on:
            return
        if event in _NEVER:
            self.breaches.append(f"{event} {values!r:.200}")
        elif event == "open":
            path, _, flags = values
            if isinstance(flags, int) and flags & _WRITES and isinstance(path, (str, bytes)):
                self._look(event, path)
        elif event in _CHANGES:
            two = event in ("os.rename", "os.link")  # paths, then the folders they are relative to
            places = values[2:] if two else values[-1:] * 2
            for path, place in zip(values[: 1 + two], places, strict=False):
                if isinstance(path, (str, bytes)):
                    self._look(event, path, place if isinstance(place, int) else -1)

    def _look(self, event: str, path: str | bytes, place: int = -1) -> None:
        around = Path(f"/proc/self/fd/{place}" if place >= 0 and event in _RELATIVE else ".")
        whole = around / os.fsdecode(path)
        target = whole.parent.resolve() / whole.name
        if not any(target.is_relative_to(allowed) for allowed in self.allowed):
            self.breaches.append(f"{event} {os.fsdecode(path)}")


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"longer than {SECONDS} s")


def _status(name: str) -> float:
    """A line of this process's memory, MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name))) / 1024


def _reset_peak() -> None:
    """Lets the peak of this process's memory begin anew, as far as the system allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return

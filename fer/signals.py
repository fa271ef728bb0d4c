"""What a polite request to end does."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any


@contextmanager
def ends_as_ctrl_c() -> Iterator[None]:
    """SIGTERM, with which systems and schedulers end a process, does what Ctrl-C does."""

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not in the main thread, where no signal comes
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


ENDING = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2")
    if hasattr(signal, name)
)
"""Ctrl-C; what ends a process politely; what Slurm is told to send ahead of a time limit."""

ONE_REQUEST = 0.5
"""Seconds within which a signal is the same request: `timeout` and Slurm send theirs twice."""


class EndRequest:
    """Ctrl-C, SIGTERM, SIGUSR1 or SIGUSR2 during a training: it finishes the step before it ends.

    A context. Where the training is `busy`, the first request is kept in `asked`, for the training
    to `leave()` when it has written what it has; a second one, or one at another time, leaves at
    once. The exit status is 128 and the signal's number, as shells have it: 130, 143, 138, 140.

    Who listened to SIGUSR1 or SIGUSR2 before, such as a launcher that puts the job back into
    Slurm's queue, hears it once all is written, when the context ends.
    """

    def __init__(self) -> None:
        self.asked: int | None = None
        self.since = 0.0
        self.busy = False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> EndRequest:
        for number in ENDING:
            try:
                self.before[number] = signal.signal(number, self._take)
            except ValueError:  # not in the main thread, where no signal comes
                break
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if self.asked is not None and self.asked not in (signal.SIGINT, signal.SIGTERM):
            listener = self.before[self.asked]
            if callable(listener):
                listener(self.asked, None)

    def take_over(self) -> None:
        """Takes the signals again, where somebody else has meanwhile joined in."""
        for number in self.before:
            signal.signal(number, self._take)

    def leave(self) -> None:
        """Ends the process where that was asked for."""
        if self.asked is not None:
            self.busy = False
            raise SystemExit(128 + self.asked)

    def _take(self, number: int, frame: FrameType | None) -> None:
        again = self.asked is not None
        if again and time.monotonic() - self.since < ONE_REQUEST:
            return
        self.asked, self.since = number, time.monotonic()
        if again or not self.busy:
            self.leave()
        with suppress(RuntimeError):  # a bar was just writing there
            print("finishing the step and writing it down; once more ends at once", file=sys.stderr)

"""What a polite request to end does."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from fer.processes.requeueing import WARNINGS, requeue


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


class EndRequest:
    """Ctrl-C, SIGTERM or a scheduler's warning: the step is finished and written before it ends.

    A context. Where the training is `busy`, the first request is kept in `asked`, for the training
    to `leave` when it has written what it has; one at another time leaves at once, and so does a
    second Ctrl-C. Schedulers repeat themselves: what else comes later changes nothing. The exit
    status is 128 and the signal's number, as shells have it: 130 or 143.
    """

    def __init__(self) -> None:
        self.asked: int | None = None
        self.busy = False
        self.before: dict[int, Any] = {}

    def __enter__(self) -> EndRequest:
        for number in (signal.SIGINT, signal.SIGTERM, *WARNINGS):
            try:
                self.before[number] = signal.signal(number, self._take)
            except ValueError:  # not in the main thread, where no signal comes
                break
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def take_over(self) -> None:
        """Takes the signals again, where somebody else has meanwhile joined in."""
        for number in self.before:
            signal.signal(number, self._take)

    def leave(self, asked: int | None) -> None:
        """Ends the process where that was asked for; a cluster's job is requeued.

        Args:
            asked: The signal, of this process or of another that trains with it; None: none came.
        """
        if asked is not None:
            self.busy = False
            requeue(asked, self.before)
            raise SystemExit(128 + asked)

    def _take(self, number: int, frame: FrameType | None) -> None:
        again = self.asked is not None
        if again and number != signal.SIGINT:
            return
        if not again:
            self.asked = number
        if again or not self.busy:
            self.leave(number)
        hint = "; once more ends at once" if number == signal.SIGINT else ""
        with suppress(RuntimeError):  # the signal may have come while something was printed
            print(f"finishing the step and writing it down{hint}", file=sys.stderr)

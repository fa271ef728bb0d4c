"""What a polite request to end does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


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

"""The clock of the benchmarks."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import torch


class Seconds(NamedTuple):
    """How long something took.

    Attributes:
        wall: By the clock.
        busy: Of this process on all processors, which other work on the machine changes little.
    """

    wall: float
    busy: float


def read_clock() -> Seconds:
    """The time, once a GPU has done all it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return Seconds(time.perf_counter(), time.process_time())


def since(started: Seconds) -> Seconds:
    """The time since then."""
    now = read_clock()
    return Seconds(now.wall - started.wall, now.busy - started.busy)


def timed(work: Callable[[], Any]) -> Seconds:
    """How long some work takes."""
    started = read_clock()
    work()
    return since(started)


def median(times: Iterable[Seconds]) -> Seconds:
    """The median, of each kind of time."""
    walls, busies = zip(*times, strict=True)
    return Seconds(statistics.median(walls), statistics.median(busies))

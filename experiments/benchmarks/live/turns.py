"""Lines of the table, and what is compared taking turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from speed.clock import Seconds, median

Ways = dict[str, Callable[[], Seconds]]


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        section: Which section measured it.
        what: What was measured.
        value: The figure by the clock, of the median turn.
        busy_value: The same by processor time, which other work on the machine changes less.
        unit: Of both.
        ratio: As `note` says, by the clock.
        busy_ratio: The same by processor time.
        note: What the ratio compares, and what is wanted of it.
    """

    section: str
    what: str
    value: float
    busy_value: float
    unit: str
    ratio: float | None = None
    busy_ratio: float | None = None
    note: str = ""


def take_turns(ways: Ways, rounds: int) -> dict[str, Seconds]:
    """The median of each, after a turn that does not count."""
    turns = [{name: way() for name, way in ways.items()} for _ in range(rounds + 1)]
    return {name: median(turn[name] for turn in turns[1:]) for name in ways}

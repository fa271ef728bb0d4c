"""Plots of the sweep page as inline SVG: they take their colours from the page, light or dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

SERIES = 8
"""Colours and markers; the colours are the page's `--s0` to `--s7`. A second eight are hollow, a
third have a dot in the hollow."""

_MARKERS = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
    "M-4.5-4.5h9v9h-9z",
    "M0-5.5L5.5 4.5h-11z",
    "M0-6L6 0L0 6L-6 0z",
    "M0 5.5L5.5-4.5h-11z",
    "M-2-5.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5v-4h3.5z",
    "M-5-3l2-2 3 3 3-3 2 2-3 3 3 3-2 2-3-3-3 3-2-2 3-3z",
    "M0-6l2 4 4 0-3 3 1.5 4.5L0 3l-4.5 2.5L-3 1l-3-3 4 0z",
)
_WIDTH, _HEIGHT = 380, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 14, 44
_LETTER, _LINE = 5.9, 12
_MOST_ASIDE = 100
"""Of more points, each stands where its x says: the plot has no room to move them aside."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Point:
    """A job in a plot: x, test accuracy with its interval, words, and a mark where it needs one."""

    x: float
    y: float
    low: float
    high: float
    series: int
    label: str
    tip: str
    mark: str = ""


def marker(series: int) -> str:
    """The marker of a series around (0, 0), about 10 units wide."""
    k = series % SERIES
    hollow = f' style="fill:var(--card);stroke:var(--s{k});stroke-width:2"'
    kind = series // SERIES % 3
    dot = f'<circle class="mark s{k}" r="1.7"/>' if kind == 2 else ""
    return f'<path class="mark s{k}"{hollow if kind else ""} d="{_MARKERS[k]}"/>{dot}'


def interval_bar(value: float, low: float, high: float, start: float, end: float) -> str:
    """An interval as a bar with a dot at the value.

    Args:
        value: Where the dot is.
        low: Lower end of the interval.
        high: Its upper end.
        start: The scale's left end, in the unit of the value.
        end: Its right end.

    Returns:
        An SVG element, 120 x 14 pixels.
    """
    left, dot, right = (4 + 112 * (v - start) / (end - start) for v in (low, value, high))
    return (
        '<svg class="bar" viewBox="0 0 120 14" width="120" height="14" aria-hidden="true">'
        '<line class="track" x1="0" x2="120" y1="7" y2="7"/>'
        f'<line class="whisker" x1="{left:.1f}" x2="{right:.1f}" y1="7" y2="7"/>'
        f'<circle class="dot" cx="{dot:.1f}" cy="7" r="4"/></svg>'
    )


def scale(values: Sequence[float]) -> tuple[float, float]:
    """Round ends, 0 to 1, around accuracies, at least two points apart."""
    low, high = min(values), max(values)
    pad = max(0.01 - (high - low) / 2, 0.04 * (high - low))
    return max(0, math.floor(100 * (low - pad)) / 100), min(1, math.ceil(100 * (high + pad)) / 100)


def ticks(low: float, high: float) -> list[float]:
    """Three to seven round numbers from low to high."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(f * power for f in (1, 2, 2.5, 5, 10) if f * power >= raw)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


class _Axis:
    """Values to positions along x: whole steps, linear, or logarithmic over wide ranges."""

    def __init__(self, values: Sequence[float], whole: bool) -> None:
        low, high = min(values), max(values)
        self.log = not whole and low > 0 and high / low > 8
        if self.log:
            low, high = low / 1.3, high * 1.3
            powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            marks = [f * 10.0**p for p in powers for f in (1, 2, 5)]
            self.ticks = [mark for mark in marks if low <= mark <= high]
            self.ticks = self.ticks[:: math.ceil(len(self.ticks) / 6)]
        else:
            pad = 0.5 if whole else 0.08 * (high - low) or 0.1 * abs(high) or 1
            low, high = low - pad, high + pad
            self.ticks = ticks(low, high)
            if whole:
                self.ticks = sorted(set(values))
        self.low, self.high = self._warp(low), self._warp(high)

    def _warp(self, value: float) -> float:
        return math.log(value) if self.log else value

    def __call__(self, value: float) -> float:
        """Position in the plot."""
        share = (self._warp(value) - self.low) / (self.high - self.low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def scatter(
    points: Sequence[Point],
    title: str,
    x_name: str,
    x_text: Callable[[float], str],
    joined: bool = False,
    front: Sequence[tuple[float, float]] = (),
) -> str:
    """Test accuracy with its interval against something.

    Args:
        points: One and more.
        title: What the plot shows, for those who cannot see it.
        x_name: Name of the x axis.
        x_text: Writes a value of x.
        joined: x is a whole number, and each series is joined by a line through its means.
        front: (x, accuracy) of the points on the Pareto front, x ascending; drawn as steps.
    """
    axis = _Axis([p.x for p in points], whole=joined)
    start, end = scale([v for p in points for v in (p.low, p.high)])
    bottom = _HEIGHT - _BOTTOM

    def height(y: float) -> float:
        return bottom - (y - start) / (end - start) * (bottom - _TOP)

    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
    ]
    for y in ticks(start, end):
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height(y):.1f}" '
            f'y2="{height(y):.1f}"/><text class="tick" text-anchor="end" x="{_LEFT - 6}" '
            f'y="{height(y) + 3.5:.1f}">{100 * y:.3g} %</text>'
        )
    for x in axis.ticks:
        parts.append(
            f'<line class="axis" x1="{axis(x):.1f}" x2="{axis(x):.1f}" y1="{bottom}" '
            f'y2="{bottom + 4}"/><text class="tick" text-anchor="middle" x="{axis(x):.1f}" '
            f'y="{bottom + 16}">{escape(x_text(x).replace(".0 ", " "))}</text>'
        )
    parts.append(
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{bottom}" y2="{bottom}"/>'
        f'<text class="name" text-anchor="middle" x="{(_LEFT + _WIDTH - _RIGHT) / 2}" '
        f'y="{_HEIGHT - 8}">{escape(x_name)}</text>'
    )
    if joined:
        parts += _lines(points, axis, height)
    steps_taken: list[Box] = []
    if front:
        right = _WIDTH - _RIGHT
        steps = [f"M{axis(front[0][0]):.1f} {height(front[0][1]):.1f}"]
        steps += [f"H{axis(x):.1f}V{height(y):.1f}" for x, y in front[1:]]
        parts.append(f'<path class="front" d="{"".join(steps)}H{right}"/>')
        at = [(axis(x), height(y)) for x, y in front]
        for (x, y), (x2, y2) in zip(at, [*at[1:], (right, at[-1][1])], strict=True):
            steps_taken += [(x, y - 2, x2, y + 2), (x2 - 2, y2, x2 + 2, y)]
    placed = [axis(p.x) for p in points]
    if not front:  # whose points stand where the line says
        placed = _aside([(axis(p.x), height(p.high), height(p.low)) for p in points])
    for p, x in zip(points, placed, strict=True):
        parts.append(
            f'<g><title>{escape(p.tip)}</title><line class="whisker s{p.series % SERIES}" '
            f'x1="{x:.1f}" x2="{x:.1f}" y1="{height(p.low):.1f}" y2="{height(p.high):.1f}"/>'
            f'<g transform="translate({x:.1f} {height(p.y):.1f})">{marker(p.series)}</g></g>'
        )
    taken: list[Box] = steps_taken + [
        (x - 6, min(height(p.high), height(p.y) - 6), x + 6, max(height(p.low), height(p.y) + 6))
        for p, x in zip(points, placed, strict=True)
    ]
    for p, x in zip(points, placed, strict=True):
        if p.mark:
            top = height(p.high) - 4
            middle = f'text-anchor="middle" x="{x:.1f}" y="{top:.1f}"'
            parts.append(f'<text class="label" {middle}>{escape(p.mark)}</text>')
            taken.append((x - 9, top - _LINE, x + 9, top))
    named: set[int] = set()
    for p, x in sorted(zip(points, placed, strict=True), key=lambda pair: -pair[0].y):
        if p.series not in named and (label := _label(p, x, height(p.y), height(p.high), taken)):
            parts += label
            named.add(p.series)
    return "".join([*parts, "</svg>"])


def _lines(points: Sequence[Point], axis: _Axis, height: Callable[[float], float]) -> list[str]:
    """A line for each series through the mean of its points at each x."""
    found: dict[int, dict[float, list[float]]] = {}
    for p in points:
        found.setdefault(p.series, {}).setdefault(p.x, []).append(p.y)
    return [
        f'<polyline class="line s{series % SERIES}" points="'
        + " ".join(f"{axis(x):.1f},{height(sum(ys) / len(ys)):.1f}" for x, ys in sorted(at.items()))
        + '"/>'
        for series, at in found.items()
    ]


def _aside(spans: Sequence[tuple[float, float, float]]) -> list[float]:
    """Positions along x, moved aside where intervals would cover each other and there is room."""
    if len(spans) > _MOST_ASIDE:
        return [x for x, _, _ in spans]
    placed: list[tuple[float, float, float]] = []
    for x, top, low in spans:
        at = x
        while any(abs(at - x2) < 9 and top < low2 and low > top2 for x2, top2, low2 in placed):
            at += 9
            if at > _WIDTH - _RIGHT:
                at = x
                break
        placed.append((at, top, low))
    return [x for x, _, _ in placed]


def _label(p: Point, x: float, y: float, top: float, taken: list[Box]) -> list[str]:
    """The name beside or above a point where there is room; the legend has them all."""
    width = _LETTER * len(p.label)
    for left, middle in (
        (x + 9, y),
        (x - 9 - width, y),
        (x - width / 2, top - 8),
        (x + 7, y - 13),
        (x + 7, y + 13),
        (x - 7 - width, y - 13),
        (x - 7 - width, y + 13),
        (x + 7, y - 26),
        (x + 7, y + 26),
    ):
        left = min(max(left, _LEFT + 1), _WIDTH - 2 - width)
        box = (left, middle - _LINE / 2, left + width, middle + _LINE / 2)
        if box[1] > 0 and not any(
            box[0] < b[2] and box[2] > b[0] and box[1] < b[3] and box[3] > b[1] for b in taken
        ):
            taken.append(box)
            at = f'x="{left:.1f}" y="{middle + 4:.1f}"'
            return [f'<text class="label" {at}>{escape(p.label)}</text>']
    return []

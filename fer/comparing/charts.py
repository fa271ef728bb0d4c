"""Figures of the comparison page as inline SVG, in the page's own colours, light or dark."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from fer.comparing.rows import Row
from fer.comparing.testsets import TestSet, pareto_front
from fer.comparing.words import COSTS, accuracy_words, cost_words
from fer.evaluation.sweep_charts import SERIES, Point, marker, scatter, ticks
from fer.evaluation.sweep_jobs import count_text, percent

_HEIGHT = 330
_WIDTHS = {"broad": 760, "narrow": 380}
"""Of the curves, drawn once for each kind of screen, so that letters keep their size."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 16, 14, 44
_UNITS = {
    "training_seconds": ", seconds",
    "seconds_per_epoch": ", seconds",
    "parameters": "",
    "milliseconds_per_face": "",
    "megabytes": ", MB",
}
NAMED = SERIES
"""So many curves have a colour, a dash and a name; more are drawn alike and thin."""


def cost_figures(found: TestSet, cost: str) -> str:
    """Test accuracy against each cost that was measured, the chosen one first."""
    models = list(dict.fromkeys(row.model for row in found.rows))
    # the size of the weights is that of the parameters times four: no figure of its own unasked
    order = dict.fromkeys([cost, "training_seconds", "milliseconds_per_face", "parameters"])
    figures = "".join(_cost_figure(found, each, models) for each in order)
    return _legend(models) + f'<div class="plots">{figures}</div>' if figures else ""


def _cost_figure(found: TestSet, cost: str, models: Sequence[str]) -> str:
    known = [row for row in found.rows if math.isfinite(getattr(row, cost))]
    if len(known) < 2:
        return ""
    drawn = []
    for row in known:
        low, high = row.intervals.get("accuracy", (row.accuracy, row.accuracy))
        x = getattr(row, cost)
        tip = f"{row.name}\n{accuracy_words(row)}, {cost_words(row, cost)}"
        drawn.append(Point(x, row.accuracy, low, high, models.index(row.model), row.model, tip))
    front = [(getattr(row, cost), row.accuracy) for row in pareto_front(known, cost)]
    title = f"Test accuracy against {COSTS[cost]}"
    unit = _UNITS[cost]
    picture = scatter(drawn, title, f"{COSTS[cost]}{unit}", _tick, front=front)
    return f"<figure><figcaption>{title}</figcaption>{picture}</figure>"


def _tick(value: float) -> str:
    """A number on an axis whose name says the unit."""
    return count_text(value) if value >= 1000 else f"{value:g}"


def _legend(models: Sequence[str]) -> str:
    entries = "".join(
        '<li><svg viewBox="-7 -7 14 14" width="14" height="14" aria-hidden="true">'
        f"{marker(k)}</svg>{escape(model)}</li>"
        for k, model in enumerate(models)
    )
    line = '<svg viewBox="0 0 26 14" width="26" height="14" aria-hidden="true">'
    line += '<path class="front" d="M1 11H13V3H25"/></svg>'
    return (
        f'<ul class="legend">{entries}<li>{line}front: nothing more accurate costs less</li></ul>'
    )


def curves(found: TestSet) -> str:
    """Validation accuracy over the epochs, one curve a row, mean over its runs."""
    known = {row: points for row in _by_interest(found) if (points := _curve(row))}
    if not known:
        return ""
    named = [row for row in found.rows if row in list(known)[:NAMED]]
    legend = "".join(
        f'<li><svg viewBox="0 0 34 14" width="34" height="14" aria-hidden="true">'
        f'<line class="curve s{k} d{k}" x1="1" x2="33" y1="7" y2="7"/><g transform="translate(17 7)'
        f' scale(.8)">{marker(k)}</g></svg>{escape(row.name)}</li>'
        for k, row in enumerate(named)
    )
    title = "Validation accuracy over the epochs"
    pictures = "".join(_curves(known, named, title, kind) for kind in _WIDTHS)
    if len(known) > NAMED:
        legend += f'<li class="quiet">thin: {len(known) - NAMED} others</li>'
    return (
        f'<ul class="legend">{legend}</ul><figure class="wide"><figcaption>{title}</figcaption>'
        f"{pictures}</figure>"
    )


def _curves(
    known: Mapping[Row, Sequence[tuple[float, float]]], named: Sequence[Row], title: str, kind: str
) -> str:
    """The picture for one kind of screen."""
    width = _WIDTHS[kind]
    values = [y for points in known.values() for _, y in points]
    low, high = min(values), max(values)
    pad = max(0.01, 0.05 * (high - low))
    low, high = max(0.0, low - pad), min(1.0, high + pad)
    last = max(x for points in known.values() for x, _ in points)
    bottom = _HEIGHT - _BOTTOM

    def across(epoch: float) -> float:
        return _LEFT + 8 + (epoch - 1) / max(last - 1, 1) * (width - _LEFT - _RIGHT - 8)

    def up(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - _TOP)

    parts = [
        f'<svg class="{kind}" viewBox="0 0 {width} {_HEIGHT}" role="img" aria-label="{title}">'
    ]
    for y in ticks(low, high):
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{up(y):.1f}" '
            f'y2="{up(y):.1f}"/><text class="tick" text-anchor="end" x="{_LEFT - 6}" '
            f'y="{up(y) + 3.5:.1f}">{100 * y:.3g} %</text>'
        )
    for x in [x for x in ticks(1, last) if x == int(x)] if last > 1 else [1]:
        parts.append(
            f'<text class="tick" text-anchor="middle" x="{across(x):.1f}" y="{bottom + 16}">'
            f"{x:.0f}</text>"
        )
    parts.append(
        f'<line class="axis" x1="{_LEFT}" x2="{width - _RIGHT}" y1="{bottom}" y2="{bottom}"/>'
        f'<text class="name" text-anchor="middle" x="{(_LEFT + width - _RIGHT) / 2}" '
        f'y="{_HEIGHT - 8}">epoch</text>'
    )
    for row, points in reversed(list(known.items())):
        k = named.index(row) if row in named else None
        parts.append(_line(row, [(across(x), up(y)) for x, y in points], k))
    return "".join([*parts, "</svg>"])


def _by_interest(found: TestSet) -> list[Row]:
    """The best by validation and the baseline first, then by validation accuracy."""
    first = [row for row in (found.best, found.baseline) if row is not None]
    ranked = sorted(found.rows, key=lambda row: -_or_zero(row.validation_accuracy))
    return list(dict.fromkeys([*first, *ranked]))


def _or_zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _curve(row: Row) -> list[tuple[float, float]]:
    """Epochs that all runs of a row have, and the mean of their validation accuracy."""
    found: dict[float, list[float]] = {}
    for run in row.runs:
        for epoch in run.epochs:
            value = epoch.get("validation/accuracy", math.nan)
            if math.isfinite(value):
                found.setdefault(epoch["epoch"], []).append(value)
    return [(x, sum(ys) / len(ys)) for x, ys in sorted(found.items()) if len(ys) == len(row.runs)]


def _line(row: Row, points: Sequence[tuple[float, float]], k: int | None) -> str:
    """A curve with a marker at its highest point; thin where it has no name.

    A run of a single epoch is a point.
    """
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    tip = f"<title>{escape(row.name)}: best epoch {percent(row.validation_accuracy)}</title>"
    if k is None:
        x, y = points[0]
        drawn = (
            f'<polyline class="curve other" points="{path}"/>'
            if len(points) > 1
            else f'<circle class="other" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'
        )
        return f"<g>{tip}{drawn}</g>"
    x, y = min(points, key=lambda point: point[1])
    return (
        f'<g>{tip}<polyline class="curve s{k} d{k}" points="{path}"/>'
        f'<g transform="translate({x:.1f} {y:.1f})">{marker(k)}</g></g>'
    )

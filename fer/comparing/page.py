"""The page of a comparison: one HTML file that needs nothing else, for a wide screen or a phone."""

from __future__ import annotations

from datetime import datetime
from html import escape
from pathlib import Path

from fer.comparing.charts import cost_figures, curves
from fer.comparing.comparison import Comparison, cross_data
from fer.comparing.page_rows import html_cells, html_table, rows_table
from fer.comparing.settings import brief, differing, short_key
from fer.comparing.tables import known_columns, pair_cells
from fer.comparing.testsets import Pair, TestSet
from fer.comparing.words import METHODS, headlines, images_words, told_apart, verdict
from fer.evaluation.html_page import fill_page
from fer.evaluation.sweep_jobs import UNKNOWN, percent, share

_TEMPLATE = Path(__file__).with_name("page.html")
_OPEN = 12
"""Wider tables of settings wait to be unfolded."""
_VERDICTS = 6
"""So many stand above the table; more wait to be unfolded."""


def page(comparison: Comparison, folder: Path) -> str:
    """The whole page.

    Args:
        comparison: What was found.
        folder: Where the page will lie: links to run folders are relative to it.
    """
    rows = comparison.rows
    runs = sum(len(row.runs) for row in rows)
    models = dict.fromkeys(row.model for row in rows)
    tally = f"{_count(len(rows), 'row')} from {_count(runs, 'finished run')}"
    if comparison.left_out:
        tally += f", {len(comparison.left_out)} left out"
    return fill_page(
        _TEMPLATE,
        title=escape("Comparison of " + (", ".join(models) if 0 < len(models) < 5 else "runs")),
        tally=tally,
        warnings="".join(f'<p class="warning">{escape(line)}</p>' for line in comparison.warnings)
        + ("" if rows else '<p class="warning">No finished run: nothing can be compared yet.</p>'),
        sets="".join(_set(found, comparison, folder) for found in comparison.sets),
        cross=_cross(comparison),
        left_out=_left_out(comparison),
        methods="".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in METHODS),
        command=escape(comparison.command),
        written=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _set(found: TestSet, comparison: Comparison, folder: Path) -> str:
    """All that is known of the rows that answered the same images."""
    lead = f"Test images {found.letter}: {images_words(found)}"
    first, *others = headlines(found, comparison.alpha, comparison.cost)
    said = f'<p class="strong">{escape(first)}</p>' + "".join(f"<p>{escape(o)}</p>" for o in others)
    charts = cost_figures(found, comparison.cost)
    parts = {
        "Accuracy against cost": charts,
        "Learning curves": curves(found),
        "F1 of each class": _classes(found),
        "Settings that differ": _settings(found),
    }
    return (
        f'<section class="set"><h2>{escape(lead)}</h2><div class="card told">{said}</div>'
        f"{_pairs(found, comparison)}{rows_table(found, comparison, folder)}"
        + "".join(f"<h3>{name}</h3>{part}" for name, part in parts.items() if part)
        + "</section>"
    )


def _pairs(found: TestSet, comparison: Comparison) -> str:
    """A verdict in words for each pair, and the tests behind it."""
    if not found.pairs:
        return ""
    shown = [_verdict(pair, comparison.alpha) for pair in found.pairs]
    more = (
        f"<details><summary>{_count(len(shown) - _VERDICTS, 'more verdict')}</summary>"
        f'<ul class="verdicts">{"".join(shown[_VERDICTS:])}</ul></details>'
        if len(shown) > _VERDICTS
        else ""
    )
    cells = known_columns([pair_cells(pair) for pair in found.pairs])
    head = "".join(f"<th scope=col>{name}</th>" for name in cells[0])
    body = [f"<tr>{html_cells({k: escape(v) for k, v in each.items()})}</tr>" for each in cells]
    return (
        "<h3>What can be told apart</h3>"
        f'<ul class="verdicts">{"".join(shown[:_VERDICTS])}</ul>{more}'
        f"<details><summary>The tests behind the verdicts</summary><div class=scroll>"
        f"{html_table(head, body, 'pairs')}</div></details>"
    )


def _verdict(pair: Pair, alpha: float) -> str:
    kind, sign = ("apart", "≠") if told_apart(pair, alpha) else ("alike", "≈")
    return f'<li class="{kind}"><b aria-hidden="true">{sign}</b>{escape(verdict(pair, alpha))}</li>'


def _classes(found: TestSet) -> str:
    """F1 of every class, darker where higher."""
    names = list(found.rows[0].f1)
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in ("row", *names))
    body = []
    for row in found.rows:
        cells = "".join(
            f'<td class="heat" style="--share:{0 if value != value else 100 * value:.0f}%" '
            f'data-name="{escape(name)}">{share(value)}</td>'
            for name, value in row.f1.items()
        )
        body.append(f'<tr><td class="row">{escape(row.name)}</td>{cells}</tr>')
    return f"<div class=scroll>{html_table(head, body, 'classes')}</div>"


def _settings(found: TestSet) -> str:
    """Every setting in which two rows differ: a line a row, a column a setting."""
    settings = [row.settings for row in found.rows]
    keys = differing(settings)
    if not keys:
        return ""
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in ("row", *map(short_key, keys)))
    body = []
    for row in found.rows:
        values = [brief(row.settings[key]) if key in row.settings else "" for key in keys]
        cells = "".join(
            f'<td data-name="{escape(key)}"{"" if value else " class=quiet"}>'
            f"{escape(value or 'none')}</td>"
            for key, value in zip(keys, values, strict=True)
        )
        body.append(f'<tr><td class="row">{escape(row.name)}</td>{cells}</tr>')
    unfolded = " open" if len(keys) <= _OPEN else ""
    lead = f"{_count(len(keys), 'setting')}; all others are equal where a row has them"
    table = html_table(head, body, "settings")
    return f"<details{unfolded}><summary>{lead}</summary><div class=scroll>{table}</div></details>"


def _cross(comparison: Comparison) -> str:
    """Trained on, tested on: a matrix of accuracies, each with its n."""
    records = cross_data(comparison.rows)
    if not records:
        return ""
    columns = sorted({record["tested_on"] for record in records})
    head = "".join(f"<th scope=col>{escape(c)}</th>" for c in ("row", "trained on", *columns))
    body = []
    for row in comparison.rows:
        found = {record["tested_on"]: record for record in records if record["row"] == row.name}
        cells = {"trained on": escape(row.data)}
        for column in columns:
            record = found.get(column)
            cells[column] = UNKNOWN
            if record is not None:
                own = ", its own test" if record["own"] else ""
                n = f"<small>n = {record['n']:,}{own}</small>"
                n += f"<small>{escape(record['models'])}</small>" if record["models"] else ""
                cells[column] = f"{percent(record['accuracy'])}{n}"
        body.append(f'<tr><td class="row">{escape(row.name)}</td>{html_cells(cells)}</tr>')
    return (
        "<section><h2>Trained on, tested on</h2>"
        f"<div class=scroll>{html_table(head, body, 'cross')}</div></section>"
    )


def _left_out(comparison: Comparison) -> str:
    """What is in no table, and why."""
    if not comparison.left_out:
        return ""
    found = "".join(
        f'<li><span class="status {escape(each.state.split()[0])}">{escape(each.state)}</span> '
        f"<code>{escape(each.name)}</code>: {escape(each.why)}</li>"
        for each in comparison.left_out
    )
    return f'<section><h2>Left out</h2><ul class="left">{found}</ul></section>'

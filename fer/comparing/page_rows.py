"""The main table of the comparison page: a row for each configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path, PurePath
from urllib.parse import quote

from fer.comparing.comparison import Comparison
from fer.comparing.rows import Row
from fer.comparing.tables import SETTINGS, row_tables, settings_words, tags
from fer.comparing.testsets import TestSet
from fer.comparing.words import bounds, spread_words
from fer.evaluation.sweep_charts import interval_bar, scale
from fer.evaluation.sweep_jobs import UNKNOWN, percent

_GATHERED = {
    "macro F1": {"AUC": "AUC {}"},
    "parameters": {"trained": "{} trained", "size": "{}"},
    "training": {"per epoch": "{} an epoch"},
}
"""Columns of `row_cells` that stand below others, in words."""


def rows_table(found: TestSet, comparison: Comparison, folder: Path) -> str:
    """A row for each configuration, by test accuracy."""
    ends = [v for r in found.rows for v in r.intervals.get("accuracy", (r.accuracy, r.accuracy))]
    start, end = scale(ends)
    body = []
    common, known = row_tables(found)
    for row, differs, cells in zip(found.rows, settings_words(found), known, strict=True):
        low, high = row.intervals.get("accuracy", (row.accuracy, row.accuracy))
        more = "".join(
            f"<small>{escape(t)}</small>" for t in (bounds(row)[1:-1], spread_words(row))
        )
        cells["test accuracy"] = (
            f"{interval_bar(row.accuracy, low, high, start, end)}"
            f"<span>{percent(row.accuracy)}{more}</span>"
        )
        said = tags(row, found, comparison.cost)
        marks = "".join(f' <b class="tag {tag}">{tag}</b>' for tag in said)
        name = f'<td class="row">{_link(row, folder)}{marks}{_chips(differs)}</td>'
        cells = _gathered(cells)
        body.append(f"<tr{' class=best' if 'best' in said else ''}>{name}{html_cells(cells)}</tr>")
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in ("row", *cells)).replace(
        "test accuracy",
        f"test accuracy, 95 %<span class=ends><i>{100 * start:.0f} %</i>"
        f"<i>{100 * end:.0f} %</i></span>",
    )
    lead = "By test accuracy; below each name what it sets unlike most rows."
    lead += f" All rows: {escape(common)}." if common else ""
    lead = f'<p class="quiet note">{lead}</p>' if len(found.rows) > 1 else ""
    return f"{lead}<div class=scroll>{html_table(head, body, 'rows')}</div>"


def _chips(words: Sequence[str]) -> str:
    """Settings of a row, the first few at once."""
    first = SETTINGS if len(words) > SETTINGS + 1 else len(words)  # one more is not worth a fold
    shown, more = words[:first], words[first:]
    chips = [" ".join(f"<code>{escape(word)}</code>" for word in some) for some in (shown, more)]
    if more:
        chips[1] = f"<details><summary>{len(more)} more</summary>{chips[1]}</details>"
    return f'<div class="chips">{"".join(chips)}</div>' if words else ""


def _gathered(cells: Mapping[str, str]) -> dict[str, str]:
    """Columns of one thing in one, so that a row fits on a screen."""
    found = dict(cells)
    if "trained" in found and found["trained"] == found.get("parameters"):
        found["trained"] = "all"
    time, said, more = found.get("training", "").partition(" with")
    found |= {"training": f"{time}<small>with{more}</small>"} if said else {}
    if "without copies" in found:
        found["without copies"] = re.sub(
            r" \((.*)\)$", r"<small>\1</small>", found["without copies"]
        )
    for key, below in _GATHERED.items():
        if key not in found:
            continue
        told = [text.format(found.pop(name)) for name, text in below.items() if name in found]
        if found[key] != UNKNOWN:
            found[key] += "".join(f"<small>{words}</small>" for words in told)
    return found


def html_cells(cells: Mapping[str, str]) -> str:
    """Cells by their columns; narrow screens show the name of each."""
    return "".join(
        f'<td data-name="{escape(name)}"{" class=quiet" if cell == UNKNOWN else ""}>{cell}</td>'
        for name, cell in cells.items()
    )


def html_table(head: str, body: Sequence[str], kind: str) -> str:
    """A table; its kind is what the style sheet knows it by."""
    rows = "".join(body)
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _link(row: Row, folder: Path) -> str:
    """The row's name, a link to its folder."""
    target = address(row.path.resolve(), folder.resolve())
    return f'<a href="{escape(target)}/">{escape(row.name)}</a>'


def address(target: PurePath, folder: PurePath) -> str:
    """The URL of a folder as a page in another one links it; both absolute."""
    try:
        return quote(type(target)(os.path.relpath(target, folder)).as_posix())
    except ValueError:  # on another drive of Windows
        return target.as_uri()

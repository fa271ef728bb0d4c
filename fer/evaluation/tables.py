"""Tables of a test report, for the terminal (80 columns) and as Markdown.

Columns and rounding are those of Sheng and Lau: weighted precision, recall and F1, support,
accuracy, and AUC as the unweighted mean of the one-vs-rest areas; then a row for each expression.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from fer.extending.own_metrics import own_names

Figures = Mapping[str, float]
Intervals = Mapping[str, tuple[float, float]]

_OVERALL = {
    "prec.\nwtd.": "precision_weighted",
    "recall\nwtd.": "recall_weighted",
    "F1\nwtd.": "f1_weighted",
    "support": "support",
    "acc.": "accuracy",
    "AUC": "auroc_macro",
    "F1\nmacro": "f1_macro",
    "bal.\nacc.": "balanced_accuracy",
    "ECE": "ece",
}
_PER_CLASS = {
    "precision": "precision",
    "recall": "recall",
    "F1": "f1",
    "support": "support",
    "AUC": "auroc",
}
OVERALL_NOTE = (
    "wtd.: weighted by support; macro: mean over the classes; AUC is the mean of the one-vs-rest "
    "areas; below each figure its 95 % interval."
)


def binary_note(figures: Figures) -> str:
    """The element-wise binary accuracy in a sentence that says what it is not; empty without it."""
    if "binary_accuracy_elementwise" not in figures:  # written before it was measured
        return ""
    value = _text("", figures["binary_accuracy_elementwise"])
    return (
        f"Element-wise binary accuracy {value}, beside top-1 {_text('', figures['accuracy'])}: for "
        "comparison only, since K answers none of which is above 0.5 reach (K - 1) / K."
    )


def own_lines(figures: Figures, intervals: Intervals) -> list[str]:
    """Metrics that plugins added, a line each: `accuracy_top2 0.812 [0.780, 0.841]`."""
    return [f"{name} {_with_interval(name, figures, intervals)}" for name in own_names(figures)]


def _with_interval(name: str, figures: Figures, intervals: Intervals) -> str:
    ends = [_text(name, end) for end in intervals.get(name, ())]
    return _text(name, figures[name]) + (f" [{', '.join(ends)}]" if ends else "")


def _text(name: str, value: float) -> str:
    """A figure as printed: counts whole, shares with three decimals, undefined ones n/a."""
    if not math.isfinite(value):
        return "n/a"
    return f"{value:.0f}" if name == "support" else f"{value:.3f}"


def _empty(title: str, first: str, columns: Sequence[str]) -> Table:
    """A table with one column of words and the others of figures."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_style="bold", padding=0)
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", min_width=5)
    return table


def overall_table(
    results: Mapping[str, tuple[Figures, Intervals]], title: str = "Test results"
) -> Table:
    """A row for each model: its figures, and below them both ends of each 95 % interval.

    Args:
        results: Name of the model to what `headline` and `bootstrap_intervals` gave for it.
        title: What was measured: data, part, number of images.

    Returns:
        A rich table that fits 80 columns for names of up to 18 letters, and folds longer ones.
    """
    table = _empty(title, "model", list(_OVERALL))
    for model, (figures, intervals) in results.items():
        table.add_row(model, *(_text(name, figures[name]) for name in _OVERALL.values()))
        for end, words in enumerate(("  95 % from", "       to")):
            ends = (
                _text(name, intervals[name][end]) if name in intervals else ""
                for name in _OVERALL.values()
            )
            table.add_row(words, *ends, style="dim", end_section=end == 1)
    table.caption = OVERALL_NOTE
    table.caption_justify = "left"
    return table


def per_class_table(rows: Sequence[Mapping[str, Any]], title: str = "Per expression") -> Table:
    """A row for each expression, from the rows of `per_class`."""
    table = _empty(title, "expression", list(_PER_CLASS))
    for row in rows:
        table.add_row(row["class"], *(_text(key, row[key]) for key in _PER_CLASS.values()))
    return table


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, figures to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (head, rule, *rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def overall_markdown(results: Mapping[str, tuple[Figures, Intervals]]) -> str:
    """The same as `overall_table`, with intervals in brackets: `0.648 [0.637, 0.659]`."""
    rows = []
    for model, (figures, intervals) in results.items():
        cells = (_with_interval(name, figures, intervals) for name in _OVERALL.values())
        rows.append([model, *cells])
    head = (column.replace("\n", " ") for column in _OVERALL)
    return _markdown(["model", *head], rows)


def per_class_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The same as `per_class_table`."""
    keys = _PER_CLASS.values()
    cells = [[str(row["class"]), *(_text(key, row[key]) for key in keys)] for row in rows]
    return _markdown(["expression", *_PER_CLASS], cells)


def agreement_markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """A row for each group of faces, from the rows of `by_agreement`."""
    cells = [
        [
            f"above {row['above']:.0%}, to {row['to']:.0%}",
            _text("support", row["n"]),
            _text("accuracy", row["accuracy"]),
        ]
        for row in rows
    ]
    return _markdown(["votes for the label", "support", "accuracy"], cells)

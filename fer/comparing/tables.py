"""The columns of a comparison, once for every form that people read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fer.comparing.comparison import Comparison, cross_data
from fer.comparing.copies import without_copies
from fer.comparing.rows import Row
from fer.comparing.settings import brief, deviating, short_key
from fer.comparing.testsets import Pair, TestSet, pareto_front
from fer.comparing.words import (
    METHODS,
    accuracy_words,
    cost_text,
    cost_words,
    headlines,
    images_words,
    listed,
    p_text,
    points,
    verdict,
)
from fer.evaluation.sweep_jobs import UNKNOWN, count_text, percent, share, time_text
from fer.extending.own_metrics import own_names

SETTINGS = 5
"""So many settings stand beside a row, the rarest first; the others wait to be unfolded."""


def tags(row: Row, found: TestSet, cost: str) -> list[str]:
    """What a row is among the others: best, baseline, on the front of accuracy against cost."""
    said = ["best"] if row is found.best and len(found.rows) > 1 else []
    said += ["baseline"] if row is found.baseline else []
    front = pareto_front(found.rows, cost)
    return said + (["front"] if row in front and len(found.rows) > 1 else [])


def row_tables(found: TestSet) -> tuple[str, list[dict[str, str]]]:
    """What all rows of a test set have in common, in words, and the columns that tell something.

    Accuracy without copies is a column where any row has copies of training images in its test.
    """
    own = list(dict.fromkeys(name for row in found.rows for name in own_names(row.metrics)))
    tables = [row_cells(row, own) for row in found.rows]
    clean = [without_copies(row) for row in found.rows]
    if not any(each is not None and each.copies for each in clean):
        tables = [{k: v for k, v in cells.items() if k != "without copies"} for cells in tables]
    return _common_columns(known_columns(tables))


def row_cells(row: Row, own: Sequence[str] = ()) -> dict[str, str]:
    """Every column of a row but its name and settings; `own` are metrics that plugins added."""
    clean = without_copies(row)
    n = "" if clean is None else f" (n = {round(clean.n):,})"
    return {
        "validation": percent(row.validation_accuracy),
        "test accuracy": accuracy_words(row),
        "without copies": UNKNOWN if clean is None else percent(clean.accuracy) + n,
        "macro F1": share(row.metrics.get("f1_macro")),
        "AUC": share(row.metrics.get("auroc_macro")),
        **{name: share(row.metrics.get(name)) for name in own},
        "training images": f"{round(row.training_images):,}",
        "parameters": _count(row.parameters),
        "trained": _count(row.trained_parameters),
        "training": cost_words(row, "training_seconds"),
        "per epoch": time_text(row.seconds_per_epoch),
        "per face": cost_text("milliseconds_per_face", row.milliseconds_per_face),
        "size": cost_text("megabytes", row.megabytes),
    }


_OF_SETTINGS = ("training images", "parameters", "trained", "per face", "size")
"""Columns of `row_cells` that say nothing where all rows have the same."""


def _common_columns(tables: list[dict[str, str]]) -> tuple[str, list[dict[str, str]]]:
    """What all of several rows have in common, in words, and their tables without it."""
    told = [
        key
        for key in tables[0]
        if key in _OF_SETTINGS and len(tables) > 1 and len({cells[key] for cells in tables}) == 1
    ]
    words = ", ".join(f"{key} {tables[0][key]}" for key in told)
    kept = [{key: cell for key, cell in cells.items() if key not in told} for cells in tables]
    return words, kept


def known_columns(tables: list[dict[str, str]]) -> list[dict[str, str]]:
    """The same rows without the columns that none of them knows anything in."""
    kept = [key for key in tables[0] if any(cells[key] != UNKNOWN for cells in tables)]
    return [{key: cells[key] for key in kept} for cells in tables]


def _count(value: float) -> str:
    return count_text(round(value) if math.isfinite(value) else None)


def pair_cells(pair: Pair) -> dict[str, str]:
    """Every column of a pair."""
    one, other = pair.seeds
    seed = f" (seed {one})" if len(pair.first.seeds) + len(pair.second.seeds) > 2 else ""
    seed = seed if one == other else f" (seeds {one} : {other})"
    return {
        "row": pair.first.name,
        "against": pair.second.name,
        "difference": f"{points(pair.difference)} ({points(pair.low)} to {points(pair.high)})",
        "right alone": f"{pair.first_only} : {pair.second_only}{seed}",
        "same images p": p_text(pair.mcnemar_p),
        "seeds or folds p": p_text(pair.t_p),
        "p corrected": p_text(pair.p),
    }


def settings_words(found: TestSet) -> list[list[str]]:
    """For each row the settings in which it is unlike most, but those that its name says."""
    said = []
    for row, own in zip(found.rows, deviating([row.settings for row in found.rows]), strict=True):
        told = [row.settings["model.name"], *row.name.split(", ")]
        words = [(f"{short_key(key)}={brief(value)}", value) for key, value in own.items()]
        said.append([word for word, value in words if word not in told and value not in told])
    return said


def markdown(comparison: Comparison) -> str:
    """The page without its figures, for a repository or an issue thread."""
    lines = ["# Comparison of runs", "", f"    {comparison.command}", ""]
    lines += [f"**{words}**\n" for words in comparison.warnings]
    for found in comparison.sets:
        lines += [f"## {found.letter}: {images_words(found)}", ""]
        lines += [f"- {words}" for words in headlines(found, comparison.alpha, comparison.cost)]
        rows = []
        common, cells = row_tables(found)
        for row, differs, own in zip(found.rows, settings_words(found), cells, strict=True):
            name = " ".join(
                [row.name, *(f"**{tag}**" for tag in tags(row, found, comparison.cost))]
            )
            rows.append({"row": name, "differs in": listed(differs, SETTINGS), **own})
        lines += ["", *([f"All rows: {common}.", ""] if common else []), *_table(rows)]
        if found.pairs:
            lines += ["### Tests", "", *_table(known_columns([pair_cells(p) for p in found.pairs]))]
            lines += [f"- {verdict(pair, comparison.alpha)}" for pair in found.pairs] + [""]
        lines += ["### F1 of each class", "", *_table([_f1_cells(row) for row in found.rows])]
    matrix = cross_data(comparison.rows)
    if matrix:
        lines += ["## Trained on, tested on", "", *_table([_cross_cells(each) for each in matrix])]
    if comparison.left_out:
        lines += ["## Left out", "", *_table([vars(each) for each in comparison.left_out])]
    lines += ["## How to read this", "", *(f"- **{name}**: {text}" for name, text in METHODS)]
    return "\n".join(lines) + "\n"


def _f1_cells(row: Row) -> dict[str, str]:
    return {"row": row.name, **{name: share(value) for name, value in row.f1.items()}}


def _cross_cells(record: Mapping[str, Any]) -> dict[str, str]:
    models = f" ({record['models']})" if record["models"] else ""
    return {
        "row": record["row"],
        "trained on": record["trained_on"],
        "tested on": record["tested_on"] + (" (its own test)" if record["own"] else ""),
        "accuracy": percent(record["accuracy"]) + models,
        "n": f"{record['n']:,}",
    }


def _table(rows: list[dict[str, str]]) -> list[str]:
    """A Markdown table and an empty line."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return [f"| {' | '.join(line)} |" for line in cells] + [""]

"""A comparison for programs: every figure unrounded, as CSV and JSON."""

from __future__ import annotations

import csv
import math
from io import StringIO
from typing import Any

from fer.comparing.comparison import Comparison, cross_data
from fer.comparing.copies import without_copies
from fer.comparing.rows import Row
from fer.comparing.settings import differing, written
from fer.comparing.tables import tags
from fer.comparing.testsets import TestSet
from fer.comparing.words import headlines, images_words, verdict


def csv_text(comparison: Comparison) -> str:
    """Everything, unrounded: a row per row, a column per setting that differs and per metric."""
    rows = comparison.rows
    keys = differing([row.settings for row in rows])
    records = [_record(row, found, comparison) for found in comparison.sets for row in found.rows]
    for record, row in zip(records, rows, strict=True):
        record |= {f"settings/{key}": written(row.settings.get(key, "")) for key in keys}
    columns = list(dict.fromkeys(key for record in records for key in record))
    text = StringIO()
    table = csv.DictWriter(text, columns, restval="")
    table.writeheader()
    table.writerows({k: "" if _undefined(v) else v for k, v in r.items()} for r in records)
    return text.getvalue()


def json_story(comparison: Comparison) -> dict[str, Any]:
    """The same with pairs, verdicts, classes and what was left out."""
    return {
        "command": comparison.command,
        "alpha": comparison.alpha,
        "baseline": comparison.baseline and comparison.baseline.name,
        "cost": comparison.cost,
        "warnings": comparison.warnings,
        "sets": [_set_story(found, comparison) for found in comparison.sets],
        "cross_data": cross_data(comparison.rows),
        "left_out": [vars(each) for each in comparison.left_out],
    }


def _set_story(found: TestSet, comparison: Comparison) -> dict[str, Any]:
    return {
        "letter": found.letter,
        "images": images_words(found),
        "n": found.n,
        "test_hash": (found.rows[0].group or found.rows[0].first.results)["test_hash"],
        "classes": found.rows[0].first.results["classes"],
        "best": found.best and found.best.name,
        "headlines": headlines(found, comparison.alpha, comparison.cost),
        "rows": [
            _record(row, found, comparison)
            | {"f1": row.f1, "folders": [str(r.path) for r in row.runs]}
            for row in found.rows
        ],
        "pairs": [
            {key: value for key, value in vars(pair).items() if key not in ("first", "second")}
            | {"first": pair.first.name, "second": pair.second.name}
            | {"verdict": verdict(pair, comparison.alpha)}
            for pair in found.pairs
        ],
    }


def _record(row: Row, found: TestSet, comparison: Comparison) -> dict[str, Any]:
    figures = {f"test/{name}": value for name, value in row.metrics.items()}
    if (clean := without_copies(row)) is not None:
        figures |= {f"test/{key}_without_copies": getattr(clean, key) for key in ("accuracy", "n")}
        figures["test/copies_in_training"] = clean.copies
    ends = {
        f"test/{name}_{end}": bound
        for name, interval in row.intervals.items()
        for end, bound in zip(("low", "high"), interval, strict=True)
    }
    return {
        "set": found.letter,
        "row": row.name,
        "folder": str(row.path),
        "tags": " ".join(tags(row, found, comparison.cost)),
        "data": row.data,
        "protocol": row.protocol,
        "training_images": row.training_images,
        "part": row.part,
        "n": len(row.names),
        "cautions": "; ".join(row.cautions),
        "seeds": " ".join(map(str, row.seeds)),
        "folds": row.folds,
        "validation/accuracy": row.validation_accuracy,
        **figures,
        **ends,
        "test/accuracy_deviation": row.deviation,
        "parameters": row.parameters,
        "trained_parameters": row.trained_parameters,
        "members": {None: "not found", 0: ""}.get(row.members, row.members),
        "training_seconds": row.training_seconds,
        "seconds_per_epoch": row.seconds_per_epoch,
        "milliseconds_per_face": row.milliseconds_per_face,
        "megabytes": row.megabytes,
    }


def _undefined(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)

"""Several runs of one configuration together: mean, deviation and median, and pooled folds."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer.evaluation.repeats_figure import repeat_curves
from fer.evaluation.repeats_tables import group_markdown
from fer.evaluation.report import caption
from fer.json_text import json_text
from fer.writing import aside, write_text


@dataclass(frozen=True)
class Member:
    """One of the runs, as tested.

    Attributes:
        words: What to call it, such as `fold 2`.
        fold: Which fold was tested; None where there is one test part.
        seed: Seed of the run.
        run: Name of its folder.
        n: Number of test images.
        epoch: The epoch whose weights were tested.
        metrics: What `headline` gave.
        rows: Rows of its `metrics.csv`.
        cautions: What must be known before its figures are believed.
    """

    words: str
    fold: int | None
    seed: int
    run: str
    n: int
    epoch: int
    metrics: Mapping[str, float]
    rows: Sequence[Mapping[str, float]]
    cautions: Sequence[str] = ()


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Mean, sample standard deviation (n - 1 below) and median of what is a number.

    Returns:
        `mean`, `deviation`, `median`, each NaN where there are too few numbers for it, and
        `values`.

    Examples:
        >>> found = spread([0.5, 0.6, 1.0])
        >>> round(found["mean"], 3), round(found["deviation"], 3), found["median"]
        (0.7, 0.265, 0.6)
    """
    known = np.array([value for value in values if math.isfinite(value)])
    return {
        "mean": float(known.mean()) if len(known) else math.nan,
        "deviation": float(known.std(ddof=1)) if len(known) > 1 else math.nan,
        "median": float(np.median(known)) if len(known) else math.nan,
        "values": list(values),
    }


def spreads(measured: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """The spread of every metric over several measurements."""
    names = [name for name in _common(measured) if name != "support"]
    return {name: spread([metrics[name] for metrics in measured]) for name in names}


def _common(measured: Sequence[Mapping[str, float]]) -> list[str]:
    """The metrics that all have: one that a plugin adds may have come later."""
    return [name for name in measured[0] if all(name in one for one in measured)]


def pooled_hash(hashes: Iterable[str]) -> str:
    """Of one test part its own digest, of several folds one of them all."""
    found = sorted(set(hashes))
    return (
        found[0] if len(found) == 1 else hashlib.sha256("\n".join(found).encode()).hexdigest()[:16]
    )


def pooled_folder(seed: int, trials: int) -> str:
    """Where in the group's folder the pooled folds of a seed are reported."""
    return "pooled" if trials == 1 else f"pooled-seed{seed}"


def write_group(
    folder: Path,
    story: Mapping[str, Any],
    members: Sequence[Member],
    pooled: Mapping[int, Mapping[str, Any]],
) -> dict[str, Any]:
    """Writes `repeats.csv`, `metrics.json`, `report.md` and `curves.png`.

    The headline `metrics` are those of the pooled folds, with intervals; with several seeds the
    mean over the seeds, whose images are the same, so that no interval over images applies.

    Args:
        folder: The group's folder.
        story: Joins `metrics.json`: data, protocol, part, trials, notes and what is missing.
        members: The runs that were tested, one and more.
        pooled: Seed to the report of its pooled folds; empty where there are no folds.

    Returns:
        What `metrics.json` holds.
    """
    by_seed = [report["metrics"] for report in pooled.values()]
    over_seeds = story["trials"] > 1
    measured = by_seed if over_seeds and pooled else [member.metrics for member in members]
    found = spreads(measured)
    if over_seeds:
        headline = {name: values["mean"] for name, values in found.items()}
        intervals = {}
    else:
        (report,) = pooled.values()
        headline, intervals = report["metrics"], report["intervals"]
    results = {
        **story,
        "n": max((report["n"] for report in pooled.values()), default=members[0].n),
        "complete": not story["missing"],
        "spread_over": "trials" if over_seeds else "folds",
        "metrics": headline,
        "intervals": intervals,
        "spread": found,
        "pooled": {
            str(seed): {key: report[key] for key in ("n", "metrics", "intervals", "per_class")}
            for seed, report in pooled.items()
        },
        "runs": [
            {"fold": m.fold, "seed": m.seed, "run": m.run, "n": m.n, "epoch": m.epoch}
            | {"metrics": dict(m.metrics), "cautions": list(m.cautions)}
            for m in members
        ],
    }
    _write_table(folder / "repeats.csv", results["runs"])
    repeat_curves({m.words: m.rows for m in members}, folder / "curves.png", caption(results))
    write_text(folder / "report.md", group_markdown(results))
    write_text(folder / "metrics.json", json_text(results))
    return results


def _write_table(path: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """A row per run: fold, seed, images, epoch, every metric, folder, cautions."""
    with aside(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        metrics = [name for name in _common([r["metrics"] for r in runs]) if name != "support"]
        table = csv.writer(file)
        table.writerow(["fold", "seed", "n", "epoch", *metrics, "run", "cautions"])
        for run in runs:
            fold = "" if run["fold"] is None else run["fold"]
            figures = [run["metrics"][name] for name in metrics]
            told = [run["run"], "; ".join(run["cautions"])]
            table.writerow([fold, run["seed"], run["n"], run["epoch"], *figures, *told])

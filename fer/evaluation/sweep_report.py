"""The report of a sweep: `sweep.csv`, `sweep.md` and `sweep.html`, written anew after every job."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

from fer.evaluation.sweep_jobs import (
    Job,
    accuracy_text,
    best,
    count_text,
    groups,
    images_text,
    marked_note,
    percent,
    share,
    spread_text,
    tally,
    time_text,
)
from fer.evaluation.sweep_page import OVERLAP, page
from fer.writing import write_text

_NOT_RAW = ("overrides", "metrics", "intervals", "notes", "cautions")
_RAW = [f.name for f in fields(Job) if f.name not in _NOT_RAW]
_HEAD = (
    "job",
    "overrides",
    "status",
    "validation",
    "test accuracy (95 %)",
    "macro F1",
    "parameters",
    "trained",
    "per epoch",
    "images",
)


def write_sweep_report(
    jobs: Sequence[Mapping[str, Any]], folder: Path, title: str, command: str
) -> None:
    """Write the three files of a sweep.

    Args:
        jobs: The fields of `Job` for each job, whatever its state; may be empty.
        folder: The folder of the sweep; made where needed.
        title: What was swept.
        command: The command that runs the sweep again.

    Raises:
        TypeError: A job has a field that `Job` does not know, or lacks number, overrides, status.
    """
    known = sorted((Job(**job) for job in jobs), key=lambda job: job.number)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("sweep.csv", _csv(known)),
        ("sweep.md", _markdown(known, title, command)),
        ("sweep.html", page(known, folder, title, command)),
    ):
        write_text(folder / name, text)


def _csv(jobs: Sequence[Job]) -> str:
    """Everything, unrounded: a row per job, a column per metric and per end of an interval."""
    metrics = list(dict.fromkeys(name for job in jobs for name in job.metrics))
    bounded = list(dict.fromkeys(name for job in jobs for name in job.intervals))
    text = StringIO()
    table = csv.writer(text)
    ends = [f"{name}_{end}" for name in bounded for end in ("low", "high")]
    table.writerow(["overrides", *_RAW, "cautions", *metrics, *ends])
    for job in jobs:
        bounds = [end for name in bounded for end in job.intervals.get(name, ("", ""))]
        table.writerow(
            [
                " ".join(job.overrides),
                *(getattr(job, name) for name in _RAW),
                "; ".join(job.cautions),
                *(job.metrics.get(name, "") for name in metrics),
                *bounds,
            ]
        )
    return text.getvalue()


def _code(text: str) -> str:
    """Text as code inside a Markdown table."""
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _markdown(jobs: Sequence[Job], title: str, command: str) -> str:
    """The page without its plots, for a terminal or a repository."""
    measured = groups(jobs)
    group_of = {job.number: name for name, members in measured.items() for job in members}
    lines = [f"# {' '.join(title.split())}", "", f"{tally(jobs)}.", "", f"    {command}", ""]
    for name, members in measured.items():
        chosen = best(members)
        images = f"Test images {name}: {images_text(members[0])}."
        if chosen:
            images += (
                f" Best by validation accuracy: job {chosen.number}, {_code(chosen.words)}, "
                f"validation {percent(chosen.validation_accuracy)}, test {accuracy_text(chosen)}."
            )
        lines += [images, ""]
    if len(measured) > 1:
        lines += ["**Not all jobs answered the same test images: rank within a group only.**", ""]
    lines += [f"| {' | '.join(_HEAD)} |", "|" + " --- |" * len(_HEAD)]
    for job in jobs:
        cells = [
            str(job.number),
            _code(job.words),
            job.status,
            percent(job.validation_accuracy),
            accuracy_text(job) + (f"; {spread_text(job)}" if job.runs else ""),
            share(job.metrics.get("f1_macro")),
            count_text(job.parameters),
            count_text(job.trained_parameters),
            time_text(job.seconds_per_epoch),
            group_of.get(job.number, ""),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", OVERLAP, ""]
    lines += [f"{marked_note(job, note)}\n" for job in jobs for note in job.notes]
    for job in jobs:
        if job.error:
            quoted = "\n".join(f"    {line}" for line in job.error.splitlines())
            lines += [f"## Job {job.number}: {job.status}", "", _code(job.words), "", quoted, ""]
    return "\n".join(lines)

"""A sweep's summary: its pages, made from what the jobs have recorded, and its table."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fer.evaluation.cautions import marked
from fer.evaluation.sweep_jobs import Job, spread_text
from fer.training.sweep_records import job_records, job_story, planned_jobs, sweep_overrides


def summarise(folder: Path) -> list[dict[str, Any]]:
    """Writes `sweep.csv`, `sweep.md` and `sweep.html` from the jobs' records and run folders.

    Returns:
        A story per job; its overrides are those that differ between the jobs.
    """
    records: dict[Path, str] | None = None
    while records != (found := job_records(folder)):  # again if a job ended meanwhile
        records, jobs = found, _write(found, folder)
    return jobs


def _write(records: Mapping[Path, str], folder: Path) -> list[dict[str, Any]]:
    from fer.evaluation.sweep_report import write_sweep_report

    jobs = [job_story(path, text) for path, text in records.items()]
    given = sweep_overrides(folder)
    known = {job["number"] for job in jobs}
    jobs += [
        {"number": number, "overrides": overrides, "status": "pending"}
        for number, overrides in enumerate(planned_jobs(given))
        if number not in known
    ]
    values: dict[str, dict[str, None]] = {}
    for job in sorted(jobs, key=lambda job: int(job["number"])):
        for key, _, value in (override.partition("=") for override in job["overrides"]):
            values.setdefault(key, {})[value] = None
    swept = {key for key, several in values.items() if len(several) > 1}
    for job in jobs:
        job["overrides"] = [o for o in job["overrides"] if o.partition("=")[0] in swept]
    title = f"Sweep over {', '.join(key for key in values if key in swept)}" if swept else "Sweep"
    words = given or [f"{key}={','.join(several)}" for key, several in values.items()]
    write_sweep_report(jobs, folder, title, f"python -m fer.train -m {shlex.join(words)}")
    return jobs


def print_summary(jobs: list[dict[str, Any]], folder: Path) -> None:
    """The summary on the terminal."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table("job")
    table.add_column("overrides", overflow="fold")
    for head in ("validation", "test accuracy (95 %)", "s/epoch", "status"):
        table.add_column(head)
    for job in jobs:
        figures = ["", "", ""]
        if job["status"] == "finished":
            low, high = job["intervals"].get("accuracy", (None, None))
            figures = [
                f"{job['validation_accuracy']:.3f}",
                marked(f"{job['metrics']['accuracy']:.3f}", job["cautions"])
                + (f" ({low:.3f} to {high:.3f})" if low is not None else "")
                + (f"\n{spread_text(Job(**job))}" if job.get("runs") else ""),
                f"{job['seconds_per_epoch']:.1f}",
            ]
        overrides = escape(" ".join(job["overrides"]))
        table.add_row(str(job["number"]), overrides, *figures, job["status"])
    console.print(table)
    for job in jobs:
        if job.get("error"):
            console.print(f"job {job['number']} failed: {job['error']}", style="red", markup=False)
    console.print(f"summary: {folder / 'sweep.html'} (also sweep.md, sweep.csv)", markup=False)

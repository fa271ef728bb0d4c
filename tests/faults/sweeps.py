"""Sweeps that are killed and started again, or run by two people at once."""

from __future__ import annotations

import csv
import random
import time
from pathlib import Path

from fer.runs.folder import RunFolder
from tests.end_to_end.commands import TINY, assert_same_training, runs
from tests.faults.processes import LIMIT, Warm, kill, log_of, wait_for
from tests.wandb_records import wandb_files

TIMES = ("seconds", "seconds_per_epoch", "folder")
"""Columns of `sweep.csv` that differ from sweep to sweep."""


def sweep_of(jobs: int) -> tuple[str, ...]:
    """The arguments of a sweep of so many jobs."""
    return ("-m", *TINY, f"seed=range(0,{jobs})")


def undisturbed_sweep(folder: Path, jobs: int) -> Path:
    """Runs it to the end at once."""
    folder.mkdir()
    assert wait_for(Warm(folder, sweep_of(jobs))) == 0, log_of(folder).read_text()
    return folder


def killed_sweep(folder: Path, jobs: int, count: int, rng: random.Random) -> list[int]:
    """Kills a sweep with all its children so many times, and lets it finish.

    Returns:
        How many jobs were finished at each kill.
    """
    folder.mkdir()
    done, stops = [], sorted(rng.randint(1, jobs) for _ in range(count))
    for stop in stops:
        process = Warm(folder, sweep_of(jobs))
        _await_begun(process, folder, stop)
        time.sleep(rng.uniform(0, 1))
        kill(process, children=True)
        done.append(_finished(folder))
    status = wait_for(Warm(folder, sweep_of(jobs)))
    assert status == 0, f"exit status {status}: {log_of(folder).read_text()[-2000:]}"
    return done


def two_at_once(folder: Path, jobs: int, rng: random.Random, one_dies: bool) -> None:
    """Two processes run the same sweep in the same folder; the first may be killed on the way."""
    folder.mkdir()
    first, second = (Warm(folder, sweep_of(jobs)) for _ in range(2))
    if one_dies:
        _await_begun(first, folder, rng.randint(1, jobs))
        time.sleep(rng.uniform(0, 1))
        kill(first, children=True)
    for process in (second,) if one_dies else (first, second):
        status = wait_for(process)
        assert status == 0, f"exit status {status}: {log_of(folder).read_text()[-2000:]}"


def _await_begun(process: Warm, folder: Path, count: int) -> None:
    """Until so many jobs have begun, now or before."""
    until = time.monotonic() + LIMIT
    while process.ended() is None and len(runs(folder)) < count:
        assert time.monotonic() < until, f"process {process.pid} hangs"
        time.sleep(0.02)


def _finished(folder: Path) -> int:
    return sum(run.status["state"] == "finished" for run in runs(folder))


def sweep_faults(folder: Path, reference: Path) -> list[str]:
    """What differs from the undisturbed sweep, in words."""
    found = []
    if _table(folder) != _table(reference):
        found.append("sweep.csv differs")
    pairs = _by_name(folder), _by_name(reference)
    if list(pairs[0]) != list(pairs[1]):
        return [*found, f"{len(pairs[0])} runs, not {len(pairs[1])}"]
    for name, run in pairs[0].items():
        try:
            assert_same_training(run, pairs[1][name])
        except AssertionError as error:
            found.append(f"{name}: {error}")
        if left := [*run.path.rglob("*.part-*"), *run.path.glob(".lock")]:
            found.append(f"{name}: stray files: {left}")
    return found


def trained_twice(folder: Path) -> list[str]:
    """Jobs that began more than once, by their status and by W&B's records."""
    found = []
    for run in runs(folder):
        begun = 1 + len(run.status["resumed"])
        if (begun, len(run.status["test_looks"]), len(wandb_files(run.path))) != (1, 1, 1):
            found.append(run.path.name)
    return found


def _by_name(folder: Path) -> dict[str, RunFolder]:
    return {run.path.name: run for run in runs(folder)}


def _table(folder: Path) -> list[dict[str, str]]:
    (table,) = folder.glob("outputs/default/sweep-*/sweep.csv")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [{key: row[key] for key in row if key not in TIMES} for row in rows]

"""Killed anywhere, a training or a sweep ends as if nothing had happened.

The full counts: python experiments/benchmarks/kills.py, and the same with --sweep.
"""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.faults.kills import end_and_finish, faults, killed_runs, undisturbed
from tests.faults.processes import log_of
from tests.faults.sweeps import (
    killed_sweep,
    sweep_faults,
    trained_twice,
    two_at_once,
    undisturbed_sweep,
)

pytestmark = pytest.mark.slow
JOBS = 3


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return undisturbed(tmp_path_factory.mktemp("training") / "undisturbed")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return undisturbed_sweep(tmp_path_factory.mktemp("sweep") / "undisturbed", JOBS)


def test_a_training_killed_at_drawn_moments(reference: Path, tmp_path: Path) -> None:
    stories = list(killed_runs(tmp_path, reference, count=4, seed=1))
    assert sum(len(story.kills) for story in stories) == 4
    assert [story.faults for story in stories] == [[]] * len(stories)


def test_asked_to_end_with_its_children(reference: Path, tmp_path: Path) -> None:
    """As Slurm asks; W&B's own process is among the children."""
    folder = tmp_path / "ended"
    status, why = end_and_finish(folder, reference, signal.SIGTERM)
    assert (status, why) == (128 + signal.SIGTERM, "ended by SIGTERM")
    assert "Traceback" not in log_of(folder).read_text()
    assert faults(folder, reference, looks=1) == []


def test_a_sweep_killed_with_its_children(sweep: Path, tmp_path: Path) -> None:
    done = killed_sweep(tmp_path / "killed", JOBS, 2, random.Random(0))
    assert done[0] < JOBS
    assert sweep_faults(tmp_path / "killed", sweep) == []


def test_two_people_start_the_same_sweep(sweep: Path, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    two_at_once(folder, JOBS, random.Random(0), one_dies=False)
    assert sweep_faults(folder, sweep) == []
    assert trained_twice(folder) == []


def test_the_second_takes_over_from_the_first(sweep: Path, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    two_at_once(folder, JOBS, random.Random(0), one_dies=True)
    assert sweep_faults(folder, sweep) == []

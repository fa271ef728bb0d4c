"""What a kill or a cluster leaves of a run is gone on with, neither shown nor moved aside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fer.runs.folder
from fer.config import name_launch
from fer.runs.folder import RunFolder
from fer.runs.plan import Plan, launch, plan_run, planned


def settings(epochs: int = 2, restart: bool = False) -> dict[str, Any]:
    return {
        "restart": restart,
        "trainer": {"max_epochs": epochs},
        "scheduler": {"name": "constant"},
    }


def killed_within_create(run: RunFolder, epochs: int, patch: pytest.MonkeyPatch) -> None:
    """A kill after the first of the two files."""
    written = []

    def write_text(path: Path, text: str) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        path.write_text(text)

    with patch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(fer.runs.folder, "write_text", write_text)
        run.create(settings(epochs), state="running", trained=False, wandb_id="x")


def test_a_growth_that_was_killed_as_it_began_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "run")
    run.create(settings(2), state="finished", trained=True, wandb_id="x")
    killed_within_create(run, 4, monkeypatch)
    assert plan_run(run, settings(4), False).action == "resume"


def test_a_beginning_that_was_killed_has_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "run")
    killed_within_create(run, 2, monkeypatch)
    assert not run.exists()
    assert plan_run(run, settings(2), False).action == "start"


def begin(run: RunFolder) -> Plan:
    """A start with restart=true that is cut off."""
    with planned(run, settings(restart=True), False) as plan:
        before = run.status if run.exists() else {}
        told = {"state": "interrupted", "launch": before.get("launch", launch())}
        run.create(settings(restart=True), **told)
    return plan


def test_a_job_that_its_cluster_starts_again_starts_over_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "run")
    run.create(settings(), state="finished", trained=True, launch="earlier")
    for number, action in (("first", "start"), ("first", "resume"), ("second", "start")):
        monkeypatch.setenv("FER_LAUNCH", number)
        plan = begin(run)
        assert plan.action == action
        assert str(plan.message).startswith("starting over") == (action == "start")
        for aside in tmp_path.glob("run.before-*"):  # named by the second
            aside.rename(tmp_path / f"{len(list(tmp_path.iterdir()))}")
    assert len(list(tmp_path.iterdir())) == 3


def test_a_script_that_slurm_requeues_starts_over_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "run")
    monkeypatch.setenv("FER_LAUNCH", "")  # is set anew below
    told = []
    for job, restarts in (("7", None), ("7", "1"), ("7", None), ("8", "1"), (None, None)):
        for name, value in (("SLURM_JOB_ID", job), ("SLURM_RESTART_COUNT", restarts)):
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        name_launch()
        told.append(begin(run).action)
        for aside in tmp_path.glob("run.before-*"):
            aside.rename(tmp_path / f"{len(list(tmp_path.iterdir()))}")
    assert told == ["start", "resume", "start", "start", "start"]


@pytest.mark.parametrize("number", ["first", ""])
def test_a_damaged_run_can_always_be_started_over(
    number: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_LAUNCH", number)
    run = RunFolder(tmp_path / "run")
    run.create(settings(), state="interrupted", launch=launch())
    (run.path / "status.json").write_text("{")
    assert begin(run).action == "start"

"""Sweeps: every job by itself, whatever becomes of the others."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from fer.runs.folder import RunFolder
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Copy,
    Done,
    contents,
    here,
    in_process_of_its_own,
    only_run,
    runs,
)
from tests.wandb_records import WandbRun, read_wandb, wandb_files

DIVERGES = "diverged"


@pytest.fixture(scope="session")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Three jobs with W&B; the second one diverges. Not to be changed."""
    folder = tmp_path_factory.mktemp("sweep")
    arguments = ("-m", *TINY, "optimizer.lr=0.001,1e30,0.002")
    told = in_process_of_its_own("train", *arguments, folder=folder, merged=True)
    return Done(folder, arguments, told)


def sweep_folder(done: Done) -> Path:
    (found,) = done.folder.glob("outputs/default/sweep-*")
    return found


def by_rate(done: Done) -> dict[float, RunFolder]:
    return {run.config.optimizer.lr: run for run in runs(done.folder)}


def record(run: RunFolder) -> WandbRun:
    (path,) = wandb_files(run.path)
    return read_wandb(path)


def test_one_failure_does_not_end_the_others(sweep: Done) -> None:
    assert sweep.told.status == 1
    states = {rate: run.status["state"] for rate, run in by_rate(sweep).items()}
    assert states == {0.001: "finished", 1e30: "failed", 0.002: "finished"}
    assert DIVERGES in by_rate(sweep)[1e30].status["why"]


def test_failure_is_told_at_once_and_in_the_summary(sweep: Done) -> None:
    out = sweep.told.out
    assert out.count(DIVERGES) >= 2
    assert out.index("job 1:") < out.index(DIVERGES) < out.index("job 2:") < out.rindex(DIVERGES)
    assert "Traceback" not in out
    summary = out[out.rindex("overrides") :]
    assert [summary.count(f"optimizer.lr={rate}") for rate in ("0.001", "1e+30", "0.002")] == [
        1
    ] * 3
    assert f"summary: {sweep_folder(sweep).relative_to(sweep.folder)}/sweep.html" in out


def test_summary_files_hold_every_job(sweep: Done) -> None:
    folder = sweep_folder(sweep)
    with (folder / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["finished", "failed", "finished"]
    for rate, row in zip((0.001, 1e30, 0.002), rows, strict=True):
        assert f"optimizer.lr={rate}" in " ".join(row.values())
        if row["status"] == "finished":
            accuracy = by_rate(sweep)[rate].results()["metrics"]["accuracy"]
            assert any(_is(value, accuracy) for value in row.values())
    for name in ("sweep.md", "sweep.html"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "0.001" in text
        assert "0.002" in text
        assert DIVERGES in text
    assert "optimizer.lr=0.001,1e30,0.002" in (folder / "sweep.md").read_text(encoding="utf-8")


def _is(value: str, number: float) -> bool:
    try:
        return float(value) == pytest.approx(number, abs=1e-3)
    except ValueError:
        return False


def test_each_job_has_its_own_record(sweep: Done) -> None:
    found = by_rate(sweep)
    records = {rate: record(run) for rate, run in found.items()}
    assert {r.id for r in records.values()} == {run.status["wandb_id"] for run in found.values()}
    assert len({r.id for r in records.values()}) == 3
    assert {r.group for r in records.values()} == {sweep_folder(sweep).name}
    for rate, kept in records.items():
        assert kept.config["optimizer"]["lr"] == rate
        assert kept.exit_code == (1 if rate == 1e30 else 0)
        rows = found[rate].rows()
        assert [row["epoch"] for row in rows] == ([] if rate == 1e30 else [1])
        assert [row["seconds"] for row in kept.history] == [row["seconds"] for row in rows]
        assert ("test/accuracy" in kept.summary) == (rate != 1e30)


def test_same_sweep_again_trains_nothing_that_is_finished(sweep: Done, copy: Copy) -> None:
    done = copy(sweep)
    finished = [by_rate(done)[rate].path for rate in (0.001, 0.002)]
    before = [contents(path) for path in finished]
    told = here("train", *done.arguments, UNTRACKED, folder=done.folder)
    assert told.status == 1
    assert told.out.count("nothing is trained") == 2
    assert told.out.count("starting again: no epoch was finished before") == 1
    assert "epoch 1/1" not in told.out
    assert [contents(path) for path in finished] == before
    assert len(runs(done.folder)) == 3
    sweep_folder(done)  # still the only one


def test_settings_that_cannot_work_fail_job_by_job(tmp_path: Path) -> None:
    settings = (*TINY, UNTRACKED, "model.frozen_stages=9,0,10")
    told = here("train", "-m", *settings, folder=tmp_path)
    assert told.status == 1
    assert told.err.count("error: job 0: model.frozen_stages=9: this backbone has 5 stages") == 1
    assert told.err.count("error: job 2: model.frozen_stages=10") == 1
    assert told.out.count("failed: model.frozen_stages=") == 2
    assert only_run(tmp_path).status["state"] == "finished"


def test_several_devices_side_by_side_are_refused(tmp_path: Path) -> None:
    words = ("seed=0,1", "trainer.devices=2", "hydra/launcher=joblib")
    told = here("train", "-m", *TINY, *words, folder=tmp_path)
    assert told.status == 1
    (page,) = tmp_path.glob("outputs/default/sweep-*/sweep.html")
    assert (
        page.read_text("utf-8").count("trainer.devices=2 cannot be: with this hydra/launcher") == 2
    )
    assert runs(tmp_path) == []


def test_jobs_that_would_be_one_run_are_no_sweep(tmp_path: Path) -> None:
    words = (*TINY, UNTRACKED, "trainer.threads=1,2")
    told = here("train", "-m", *words, folder=tmp_path)
    assert told.status == 2
    assert "trainer.threads=1,2: jobs that differ in trainer.threads alone are one run" in told.err
    assert list(tmp_path.iterdir()) == []
    told = here("train", "-m", *words, "tag=threads-${trainer.threads}", folder=tmp_path)
    assert told.status == 0, told.err
    assert {run.settings["tag"] for run in runs(tmp_path)} == {"threads-1", "threads-2"}


def test_group_can_be_named(tmp_path: Path) -> None:
    told = here("train", "-m", *TINY, "seed=3", "logger.group=mine", folder=tmp_path)
    assert told.status == 0, told.err
    assert record(only_run(tmp_path)).group == "mine"


@pytest.mark.slow
def test_experiments_of_several_names_are_all_summarised(tmp_path: Path) -> None:
    told = in_process_of_its_own(
        "train", "-m", *TINY, UNTRACKED, "name=one,two", "optimizer.lr=1e30", folder=tmp_path
    )
    assert told.status == 1
    assert sorted(
        path.parent.parent.name for path in tmp_path.glob("outputs/*/sweep-*/sweep.md")
    ) == [
        "one",
        "two",
    ]
    assert told.out.count("summary: ") == 2


def test_jobs_side_by_side(tmp_path: Path) -> None:
    parallel = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
    settings = ("-m", *TINY, *parallel, "model.frozen_stages=0,9,1,2")
    told = in_process_of_its_own("train", *settings, folder=tmp_path)
    assert told.status == 1, told.err
    assert told.err.count("error: job 1: model.frozen_stages=9") == 1
    found = runs(tmp_path)
    assert [run.status["state"] for run in found] == ["finished"] * 3
    assert {record(run).id for run in found} == {run.status["wandb_id"] for run in found}
    (launch,) = {run.status["launch"] for run in found}  # it has reached processes of their own
    assert launch
    (folder,) = tmp_path.glob("outputs/default/sweep-*")
    assert {record(run).group for run in found} == {folder.name}
    with (folder / "sweep.csv").open(newline="") as file:
        states = [row["status"] for row in csv.DictReader(file)]
    assert states == ["finished", "failed", "finished", "finished"]
    again = in_process_of_its_own("train", *settings, folder=tmp_path)
    assert again.status == 1
    assert again.out.count("nothing is trained") == 3

"""All folds and several trials by one command, each an ordinary run, reported together."""

from __future__ import annotations

import csv
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lightning import Trainer
from lightning.pytorch.callbacks import Callback

import fer.training.lightning_trainer
from fer.evaluation.predictions import Predictions
from fer.evaluation.report import caption
from tests.end_to_end.commands import TINY, UNTRACKED, Copy, Done, Told, contents, here, runs

PEOPLE = (*TINY, UNTRACKED, "data.train=42", "data.validation=28", "data.test=28", "data.frames=2")
FOLDS = (
    *PEOPLE,
    "protocol=random_kfold",
    "protocol.folds=3",
    "protocol.validation=0.2",
    "protocol.fold=all",
)


@pytest.fixture(scope="session")
def folds(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Three random folds of 98 faces. Not to be changed."""
    folder = tmp_path_factory.mktemp("folds")
    return Done(folder, FOLDS, here("train", *FOLDS, folder=folder))


def group(folder: Path) -> Path:
    """The one group folder there."""
    (table,) = folder.glob("outputs/*/*/repeats.csv")
    return table.parent


def results(folder: Path) -> dict[str, Any]:
    told = json.loads((group(folder) / "metrics.json").read_text(encoding="utf-8"))
    assert isinstance(told, dict)
    return told


def rows(folder: Path) -> list[dict[str, str]]:
    with (group(folder) / "repeats.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_pooled_folds_answer_every_face_once(folds: Done) -> None:
    assert folds.told.status == 0, folds.told.err
    pooled = Predictions.load(group(folds.folder) / "pooled" / "predictions.csv")
    assert len(pooled) == len(set(pooled.names.tolist())) == 98
    said = [Predictions.load(run.test / "predictions.csv") for run in runs(folds.folder)]
    by_name = {
        name: row
        for each in said
        for name, row in zip(each.names.tolist(), each.probabilities.tolist(), strict=True)
    }
    assert [by_name[name] for name in pooled.names.tolist()] == pooled.probabilities.tolist()
    told = results(folds.folder)
    right = float(np.mean(pooled.predicted == pooled.labels))
    assert told["metrics"]["accuracy"] == pytest.approx(right)
    low, high = told["intervals"]["accuracy"]
    assert low <= right <= high
    assert (told["n"], told["complete"], told["spread_over"]) == (98, True, "folds")


def test_every_fold_is_told_with_mean_and_deviation(folds: Done) -> None:
    table = rows(folds.folder)
    assert [row["fold"] for row in table] == ["0", "1", "2"]
    found = {run.path.name: run for run in runs(folds.folder)}
    assert {row["run"] for row in table} == set(found) and len(found) == 3
    for row in table:
        run = found[row["run"]]
        assert run.settings["protocol"]["fold"] == int(row["fold"])
        assert float(row["accuracy"]) == run.results()["metrics"]["accuracy"]
    values = [float(row["accuracy"]) for row in table]
    spread = results(folds.folder)["spread"]["accuracy"]
    assert spread["mean"] == pytest.approx(statistics.mean(values))
    assert spread["deviation"] == pytest.approx(statistics.stdev(values))
    for words in ("fold 2", "mean over folds", "deviation over folds", "pooled"):
        assert words in folds.told.out


def test_random_folds_are_marked(folds: Done) -> None:
    mark = "100.0% of the test images show a person who is also in training"
    report = group(folds.folder) / "report.md"
    for text in (folds.told.out, report.read_text(encoding="utf-8")):
        assert mark in text
        assert "of the test images show a frame of a sequence that is also in training" in text
        assert "random_kfold (!), 3 folds pooled" in text
        assert all(f"{row} (!)" in text for row in ("fold 2", "mean over folds", "pooled"))
    assert "random_kfold (!)" in caption(results(folds.folder))  # of the curves
    (line,) = [line for line in folds.told.out.splitlines() if "fold 2: test accuracy" in line]
    assert line.endswith(" (!)")
    assert all(row["cautions"].startswith(mark) for row in rows(folds.folder))
    assert results(folds.folder)["notes"][0].startswith(mark)


def test_a_group_folder_has_its_files(folds: Done) -> None:
    found = {
        path.relative_to(group(folds.folder)).as_posix() for path in group(folds.folder).rglob("*")
    }
    files = (
        "predictions.csv",
        "per_class.csv",
        "confusion.csv",
        "confusion_matrix.png",
        "roc_curves.png",
    )
    assert found >= {"config.yaml", "metrics.json", "repeats.csv", "report.md", "curves.png"}
    assert found >= {f"pooled/{name}" for name in files}


def test_the_same_command_again_trains_nothing(folds: Done, copy: Copy) -> None:
    done = copy(folds)
    before = {run.path: contents(run.path) for run in runs(done.folder)}
    told = here("train", *done.arguments, folder=done.folder)
    assert told.status == 0
    assert told.out.count("nothing is trained") == 3
    assert {run.path: contents(run.path) for run in runs(done.folder)} == before
    assert results(done.folder) == results(folds.folder)


def test_a_fold_is_the_run_that_it_would_be_alone(folds: Done, copy: Copy) -> None:
    done = copy(folds)
    told = here("train", *done.arguments[:-1], "protocol.fold=1", folder=done.folder)
    assert told.out.count("nothing is trained") == 1
    assert len(runs(done.folder)) == 3


def test_a_group_cannot_be_evaluated(folds: Done) -> None:
    path = group(folds.folder)
    told = here("evaluate", f"run={path}", folder=folds.folder)
    assert told.status == 1
    assert "is a group of 3 runs: name one of them" in told.err
    assert all(run.path.name in told.err for run in runs(folds.folder))


def test_out_of_fold_predictions_point_at_doubtful_labels(folds: Done, copy: Copy) -> None:
    done = copy(folds)
    told = here("audit", f"run={group(done.folder)}", folder=done.folder)
    assert told.status == 0, told.err
    (found,) = done.folder.glob("outputs/audit/*/audit.json")
    doubtful = json.loads(found.read_text(encoding="utf-8"))["doubtful_labels"]
    assert doubtful["tested"] == 98
    assert {Path(run).name for run in doubtful["runs"]} == {r.path.name for r in runs(done.folder)}


class Fails(Callback):
    """Ends a training in its first epoch."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def on_train_batch_end(self, trainer: Trainer, *others: object) -> None:
        raise self.error


def without_fold_1(folds: Done, copy: Copy, error: BaseException) -> tuple[Path, Told]:
    """All but fold 1 is there already; the same command meets an error in it."""
    folder = copy(folds).folder
    (lost,) = (run for run in runs(folder) if run.settings["protocol"]["fold"] == 1)
    shutil.rmtree(lost.path)
    shutil.rmtree(group(folder))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            fer.training.lightning_trainer, "progress_callbacks", lambda kind: [Fails(error)]
        )
        return folder, here("train", *FOLDS, folder=folder)


def check_goes_on(folder: Path, folds: Done) -> None:
    """The same command trains what is missing, and comes to the same figures."""
    told = here("train", *FOLDS, folder=folder)
    assert told.status == 0, told.err
    assert told.out.count("nothing is trained") == 2
    assert told.out.count("epoch 1/1") == 1
    assert results(folder) == results(folds.folder)


def test_one_failing_fold_does_not_end_the_others(folds: Done, copy: Copy) -> None:
    folder, told = without_fold_1(folds, copy, RuntimeError("power cut"))
    assert told.status == 1
    assert "1 of 3 runs failed (fold 1: RuntimeError: power cut)" in told.err
    assert "fold 2 (3 of 3)" in told.out
    found = results(folder)
    assert found["complete"] is False and list(found["missing"]) == ["fold 1"]
    assert found["n"] == sum(int(row["n"]) for row in rows(folder)) < 98
    assert found["part"] == "2 folds pooled"
    report = (group(folder) / "report.md").read_text(encoding="utf-8")
    assert "INCOMPLETE: fold 1 missing" in report and "power cut" in report
    check_goes_on(folder, folds)


def test_an_interruption_ends_all_and_the_same_command_goes_on(folds: Done, copy: Copy) -> None:
    folder, told = without_fold_1(folds, copy, KeyboardInterrupt())
    assert told.status != 0
    assert "fold 2 (3 of 3)" not in told.out
    assert list(folder.glob("outputs/*/*/repeats.csv")) == []
    check_goes_on(folder, folds)


def test_settings_that_cannot_work_are_told_once(tmp_path: Path) -> None:
    told = here("train", *FOLDS, "model.frozen_stages=9", folder=tmp_path)
    assert told.status == 2
    assert told.err.count("model.frozen_stages=9") == 1


def test_trials_differ_in_the_seed_and_have_a_median(tmp_path: Path) -> None:
    told = here("train", *TINY, UNTRACKED, "seed=4", "trials=3", folder=tmp_path)
    assert told.status == 0, told.err
    table = rows(tmp_path)
    assert [(row["fold"], row["seed"]) for row in table] == [("", "4"), ("", "5"), ("", "6")]
    found = results(tmp_path)
    values = [float(row["nll"]) for row in table]
    assert len(set(values)) == 3
    assert found["spread"]["nll"]["median"] == statistics.median(values)
    assert found["metrics"]["nll"] == pytest.approx(statistics.mean(values))
    assert (found["n"], found["pooled"], found["intervals"]) == (14, {}, {})
    assert "median over trials" in told.out and "met the test part once" in told.out
    assert all(len(run.status["test_looks"]) == 1 for run in runs(tmp_path))


def test_folds_and_trials_inside_a_sweep(tmp_path: Path) -> None:
    several = ("protocol=random_kfold", "protocol.folds=2", "protocol.validation=0.2")
    swept = ("protocol.fold=all", "trials=1,2")
    told = here("train", "-m", *PEOPLE, *several, *swept, folder=tmp_path)
    assert told.status == 0, told.err
    assert told.out.count("nothing is trained") == 2  # what the second job shares with the first
    assert len(runs(tmp_path)) == 4
    (page,) = tmp_path.glob("outputs/default/sweep-*/sweep.html")
    with page.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        jobs = list(csv.DictReader(file))
    assert [job["status"] for job in jobs] == ["finished"] * 2
    names = ["2 folds, pooled n = 98", "2 folds x 2 trials, pooled n = 98"]
    assert [job["runs"] for job in jobs] == names
    single, double = (
        json.loads((tmp_path / job["folder"] / "metrics.json").read_text("utf-8")) for job in jobs
    )
    assert float(jobs[0]["accuracy"]) == single["pooled"]["0"]["metrics"]["accuracy"]
    by_seed = [each["metrics"]["accuracy"] for each in double["pooled"].values()]
    assert by_seed[0] == single["metrics"]["accuracy"] and len(by_seed) == 2
    assert float(jobs[1]["accuracy"]) == pytest.approx(statistics.mean(by_seed))
    assert float(jobs[1]["accuracy_deviation"]) == pytest.approx(statistics.stdev(by_seed))
    assert all("also in training" in job["cautions"] for job in jobs)
    written = [page.with_suffix(end).read_text("utf-8") for end in (".html", ".md")]
    for text in (*written, told.out):
        assert all(name in text for name in names)
        assert "not a figure for new people" in text
    for share in (float(job["accuracy"]) for job in jobs):
        assert f"{share:.3f} (!)" in told.out
        assert f"{100 * share:.1f} % (!)" in written[0]
    assert written[0].count(">(!)</text>") == 2 * len(jobs)  # every point of both plots
    assert written[1].count(") (!)") + written[1].count("% (!)") >= 2


def test_leave_one_subject_out_finds_its_people(tmp_path: Path) -> None:
    protocol = ("protocol=leave_one_subject_out", "protocol.fold=all", "protocol.validation=0.3")
    told = here("train", *TINY, UNTRACKED, *protocol, folder=tmp_path)
    assert told.status == 0, told.err
    assert group(tmp_path).name.endswith("-4folds")  # 56 faces, 14 of each person
    assert [row["n"] for row in rows(tmp_path)] == ["14"] * 4
    assert results(tmp_path)["n"] == 56
    assert results(tmp_path)["notes"] == []


def test_a_comparison_shows_the_folds_as_one_marked_row(folds: Done, tmp_path: Path) -> None:
    told = here("compare", "outputs", f"output={tmp_path}", folder=folds.folder)
    assert told.status == 0, told.err
    found = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    (row,) = found["sets"][0]["rows"]
    assert row["row"] == "resnet18 (!)"
    assert (row["n"], row["folds"]) == (98, 3)
    assert row["test/accuracy"] == results(folds.folder)["metrics"]["accuracy"]
    assert row["milliseconds_per_face"] > 0
    assert "person who is also in training" in row["cautions"]

"""What several runs say together, against numbers worked out by hand."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.evaluation.predictions import Predictions
from fer.evaluation.repeats import Member, spread, write_group
from fer.evaluation.repeats_figure import repeat_curves
from fer.evaluation.repeats_tables import measured_text, print_group
from fer.evaluation.report import caption, write_report

RANDOM = (
    "90.0% of the test images show a person who is also in training: not a figure for new people"
)


def test_mean_deviation_and_median() -> None:
    found = spread([0.5, 0.6, 0.7, 1.0])
    assert found["mean"] == pytest.approx(0.7)
    # squares of -0.2, -0.1, 0, 0.3 add up to 0.14; divided by n - 1 = 3
    assert found["deviation"] == pytest.approx(math.sqrt(0.14 / 3))
    assert found["median"] == pytest.approx(0.65)
    assert found["values"] == [0.5, 0.6, 0.7, 1.0]


def test_median_is_no_mean() -> None:
    assert spread([0.1, 0.2, 0.9])["median"] == 0.2


def test_one_number_has_no_deviation_and_none_has_nothing() -> None:
    found = spread([0.4])
    assert (found["mean"], found["median"]) == (0.4, 0.4)
    assert math.isnan(found["deviation"])
    assert all(math.isnan(spread([math.nan])[name]) for name in ("mean", "deviation", "median"))


def test_what_is_not_a_number_is_left_out() -> None:
    found = spread([0.2, math.nan, 0.4])
    assert found["mean"] == pytest.approx(0.3)
    assert found["deviation"] == pytest.approx(0.1 * math.sqrt(2))


def member(fold: int | None, seed: int, accuracy: float, n: int = 10) -> Member:
    names = ("accuracy", "balanced_accuracy", "f1_macro", "auroc_macro")
    words = f"seed {seed}" if fold is None else f"fold {fold}"
    rows = [{"epoch": e, "validation/accuracy": accuracy - 0.1 / e} for e in (1, 2, 3)]
    metrics = {"support": float(n)} | dict.fromkeys(names, accuracy)
    return Member(words, fold, seed, f"run-{fold}-{seed}", n, 3, metrics, rows)


def story(**changes: Any) -> dict[str, Any]:
    return {
        "data": "made",
        "protocol": {"name": "random_kfold"},
        "part": "2 folds pooled",
        "trials": 1,
        "notes": [RANDOM],
        "missing": {},
    } | changes


def pooled(folder: Path, right: int) -> dict[str, Any]:
    """A report of 20 images of two classes, of which so many are right."""
    labels = np.arange(20) % 2
    said = np.where(np.arange(20) < right, labels, 1 - labels)
    names = np.array([f"face {i}" for i in range(20)])
    predictions = Predictions(labels, np.eye(2)[said] * 0.8 + 0.1, ("happy", "sad"), names)
    return write_report(folder, predictions, np.zeros((20, 8, 8), np.uint8), story(n=20))


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "repeats.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_folds_are_pooled_and_their_spread_is_over_folds(tmp_path: Path) -> None:
    members = [member(0, 0, 0.4, n=15), member(1, 0, 0.8, n=5)]
    found = write_group(tmp_path, story(), members, {0: pooled(tmp_path / "pooled", 10)})
    assert found["metrics"]["accuracy"] == 0.5  # 10 of 20, and not the mean of the folds, 0.6
    assert found["spread"]["accuracy"]["mean"] == pytest.approx(0.6)
    low, high = found["intervals"]["accuracy"]
    assert low < 0.5 < high
    assert measured_text(found) == "2 folds, pooled n = 20"
    assert [(row["fold"], row["n"], row["accuracy"], row["run"]) for row in table(tmp_path)] == [
        ("0", "15", "0.4", "run-0-0"),
        ("1", "5", "0.8", "run-1-0"),
    ]
    assert json.loads((tmp_path / "metrics.json").read_text())["complete"] is True
    assert (tmp_path / "curves.png").stat().st_size > 0


def test_trials_have_mean_and_median_but_are_not_pooled(tmp_path: Path) -> None:
    members = [member(None, seed, accuracy) for seed, accuracy in enumerate((0.5, 0.6, 1.0))]
    found = write_group(tmp_path, story(trials=3, part="private"), members, {})
    assert found["metrics"]["accuracy"] == pytest.approx(0.7)
    assert found["spread"]["accuracy"]["median"] == 0.6
    assert (found["intervals"], found["pooled"], found["n"]) == ({}, {}, 10)
    assert measured_text(found) == "3 trials, n = 10"
    told = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "met the test part once" in told and "predictions are not pooled over trials" in told
    assert "| median over trials (!) |  |  | 0.600 |" in told


def test_folds_by_trials_are_pooled_in_each_trial_first(tmp_path: Path) -> None:
    members = [member(fold, seed, 0.1) for seed in (4, 5, 6) for fold in (0, 1)]
    by_seed = {s: pooled(tmp_path / str(s), right) for s, right in ((4, 10), (5, 12), (6, 20))}
    found = write_group(tmp_path, story(trials=3), members, by_seed)
    assert found["spread"]["accuracy"]["values"] == [0.5, 0.6, 1.0]
    assert found["metrics"]["accuracy"] == pytest.approx(0.7)
    assert found["intervals"] == {}
    assert measured_text(found) == "2 folds x 3 trials, pooled n = 20"
    assert len(table(tmp_path)) == 6


def test_what_is_missing_and_who_is_on_both_sides_is_told_everywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = {"fold 1": "RuntimeError: no power"}
    members = [member(0, 0, 0.4), member(2, 0, 0.5)]
    report = pooled(tmp_path / "pooled", 10)
    found = write_group(tmp_path, story(missing=missing), members, {0: report})
    assert json.loads((tmp_path / "metrics.json").read_text())["complete"] is False
    assert measured_text(found) == "2 folds, pooled n = 20, 1 runs missing"
    print_group(found, "the group")
    told = " ".join(capsys.readouterr().out.split())
    for text in (told, (tmp_path / "report.md").read_text(encoding="utf-8")):
        assert RANDOM in text
        assert (
            "INCOMPLETE: fold 1 missing. All figures are of the other 2 runs, pooled ones" in text
        )
    assert "fold 1 failed: RuntimeError: no power" in (tmp_path / "report.md").read_text()
    assert "not a figure for new people" in caption(found).replace("\n", " ")


def test_curves_of_runs_of_unlike_length_are_drawn(tmp_path: Path) -> None:
    runs = {
        f"fold {k}": [{"epoch": e, "validation/accuracy": 0.5} for e in range(1, k + 2)]
        for k in range(9)
    }
    repeat_curves(runs | {"none": []}, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 0

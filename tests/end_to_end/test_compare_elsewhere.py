"""Runs that were trained or tested on other images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fer.runs.folder import RunFolder
from tests.builders_runs import (
    CLASSES,
    N,
    make_fold,
    make_run,
    make_seeds,
    settings_of,
    with_copies,
)
from tests.end_to_end.comparisons import compare, rows, story, text


def test_other_test_images_labels_or_classes_are_never_ranked_together(three: Path) -> None:
    study = three / "outputs/study"
    others = [f"test/{k:04d}.png" for k in range(1, N + 1)]
    make_run(study / "images", 210, names=others, settings=settings_of("cnn1"))
    eight = (*CLASSES, "contempt")
    make_run(study / "classes", 200, classes=eight, settings=settings_of("cnn2"))
    told = compare(three, "outputs/study", "baseline=cnn1")
    sets = story(three)["sets"]
    assert [[row["row"] for row in found["rows"]] for found in sets] == [
        ["resnet50", "resnet34", "resnet18"],
        ["cnn1"],
        ["cnn2"],
    ] or [len(found["rows"]) for found in sets] == [3, 1, 1]
    assert all(len(found["pairs"]) == (2 if len(found["rows"]) == 3 else 0) for found in sets)
    assert "cannot all be ranked together" in text(three)
    assert "8 classes" in text(three)
    assert "The baseline cnn1 answered other images" in told.out.replace("\n", " ")


def test_other_numbers_of_training_images_are_told(three: Path) -> None:
    run = RunFolder(three / "outputs/study/resnet50-faces-cccc")
    run.update(counts=run.status["counts"] | {"train": 210})
    told = compare(three, "outputs/study")
    said = "not trained on as many images (210: resnet50; 900: "
    assert said in told.out.replace("\n", " ")
    assert said in text(three)
    assert 'data-name="training images">210<' in text(three)


def test_accuracy_without_copies_is_a_column_where_a_run_has_copies(three: Path) -> None:
    first, second, _ = sorted((three / "outputs/study").iterdir())
    with_copies(first, 0, 100 / N)
    compare(three, "outputs/study")
    assert "<th scope=col>without copies</th>" not in text(three)
    with_copies(second, 20, 0.4)
    compare(three, "outputs/study")
    assert "<th scope=col>without copies</th>" in text(three)
    assert "40.0 %<small>n = 190</small>" in text(three)
    assert "| 40.0 % (n = 190) |" in text(three, "comparison.md")
    assert float(rows(three)["resnet34"]["test/accuracy_without_copies"]) == 0.4
    assert rows(three)["resnet50"]["test/accuracy_without_copies"] == ""


def evaluate_elsewhere(path: Path, accuracy: float) -> None:
    """As `fer.evaluate` leaves it of another data set."""
    (path / "evaluations/other-all").mkdir(parents=True)
    found = RunFolder(path).results() | {
        "data": "ckplus",
        "part": "all",
        "n": 981,
        "test_hash": "c" * 16,
        "protocol": {"name": "cross-data"},
        "metrics": {"accuracy": accuracy},
    }
    (path / "evaluations/other-all/metrics.json").write_text(json.dumps(found))


def test_evaluations_that_do_not_name_their_epoch_count(three: Path) -> None:
    path = three / "outputs/study/resnet18-faces-aaaa"
    evaluate_elsewhere(path, 0.321)
    file = path / "evaluations/other-all/metrics.json"
    found = json.loads(file.read_text())
    del found["epoch"]
    file.write_text(json.dumps(found))
    assert compare(three, "outputs/study").status == 0
    assert any(c["accuracy"] == 0.321 for c in story(three)["cross_data"])


def test_tested_on_other_data_makes_a_matrix(three: Path) -> None:
    evaluate_elsewhere(three / "outputs/study/resnet18-faces-aaaa", 0.321)
    assert compare(three, "outputs/study").status == 0
    cells = {(c["row"], c["tested_on"]): c["accuracy"] for c in story(three)["cross_data"]}
    assert cells["resnet18", "ckplus, all"] == 0.321
    assert cells["resnet18", "faces, test"] == pytest.approx(100 / N)
    assert "32.1 %<small>n = 981</small>" in text(three)


def test_on_other_data_too_a_row_is_the_mean_of_its_models_or_says_whose(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100, 1: 120})
    for fold in range(3):
        make_fold(tmp_path / "runs", fold, 100)
    evaluate_elsewhere(tmp_path / "runs/cnn1-1", 0.4)
    evaluate_elsewhere(tmp_path / "runs/fold0-seed0", 0.5)
    compare(tmp_path, "runs")
    other = "ckplus, all"
    cells = {(c["row"], c["tested_on"]): c for c in story(tmp_path)["cross_data"]}
    assert cells["cnn1", other]["models"] == "seed 1 alone"
    assert cells["cnn1", "faces, test"]["models"] == "mean of 2 seeds"
    assert cells["resnet18", other]["models"] == "fold 0 alone"
    assert cells["resnet18", "faces, 3 folds pooled"]["models"] == ""
    assert "40.0 %<small>n = 981</small><small>seed 1 alone</small>" in text(tmp_path)
    assert "| ckplus, all | 50.0 % (fold 0 alone) | 981 |" in text(tmp_path, "comparison.md")
    evaluate_elsewhere(tmp_path / "runs/cnn1-0", 0.2)
    compare(tmp_path, "runs")
    cells = {(c["row"], c["tested_on"]): c for c in story(tmp_path)["cross_data"]}
    assert cells["cnn1", other]["accuracy"] == pytest.approx(0.3)
    assert cells["cnn1", other]["models"] == "mean of 2 models"


def test_what_earlier_weights_did_is_left_out(three: Path) -> None:
    evaluate_elsewhere(three / "outputs/study/resnet18-faces-aaaa", 0.321)
    results = three / "outputs/study/resnet18-faces-aaaa/test/metrics.json"
    now = json.loads(results.read_text()) | {"epoch": 30}
    results.write_text(json.dumps(now))  # as after a training that grew
    assert compare(three, "outputs/study").status == 0
    assert story(three)["cross_data"] == []
    assert "of epoch 30; evaluate the run again" in text(three)


def test_other_images_of_one_part_are_columns_of_their_own(three: Path) -> None:
    for name, test in {"resnet18-faces-aaaa": "a" * 16, "resnet34-faces-bbbb": "b" * 16}.items():
        run = RunFolder(three / "outputs/study" / name)
        (run.path / "evaluations/other-all").mkdir(parents=True)
        found = run.results() | {"data": "ckplus", "protocol": {"name": "cross-data"}}
        found |= {"test_hash": test}
        (run.path / "evaluations/other-all/metrics.json").write_text(json.dumps(found))
    compare(three, "outputs/study")
    told = {c["row"]: c["tested_on"] for c in story(three)["cross_data"] if not c["own"]}
    assert told == {"resnet18": "ckplus, test (aaaaaa)", "resnet34": "ckplus, test (bbbbbb)"}

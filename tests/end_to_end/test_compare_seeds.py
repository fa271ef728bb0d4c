"""Seeds, groups and folds in a comparison: one row, tested as what they are."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from fer.runs.folder import RunFolder
from tests.builders_runs import (
    N,
    make_fold,
    make_group,
    make_run,
    make_seeds,
    settings_of,
    with_copies,
)
from tests.end_to_end.comparisons import compare, rows, story, text


def test_seeds_are_one_row_and_tested_over_the_seeds(tmp_path: Path) -> None:
    for model, hits in {"cnn1": (100, 110, 120), "cnn2": (130, 141, 149)}.items():
        for seed, right in enumerate(hits):
            settings = settings_of(model, seed)
            make_run(tmp_path / f"runs/{model}-{seed}", right, 0.5, settings=settings)
    assert compare(tmp_path, "runs").status == 0
    (found,) = story(tmp_path)["sets"]
    first = {row["row"]: row for row in found["rows"]}["cnn1"]
    assert first["seeds"] == "0 1 2"
    assert first["test/accuracy"] == pytest.approx(110 / N)
    assert first["test/accuracy_deviation"] == pytest.approx(10 / N)
    (pair,) = found["pairs"]
    assert pair["repeats"] == 3
    assert 0 < pair["t_p"] < 0.05
    assert "over 3 seeds" in pair["verdict"]
    assert "± 4.8 over 3 seeds" in text(tmp_path)


def test_a_setting_that_is_off_and_one_that_older_runs_lack_are_one_row(tmp_path: Path) -> None:
    make_run(tmp_path / "runs/old")
    make_run(tmp_path / "runs/new", settings=settings_of(seed=1, model_trunk_cache=0))
    make_run(tmp_path / "runs/on", settings=settings_of(seed=2, model_trunk_cache=4))
    compare(tmp_path, "runs")
    found = {name: row["seeds"] for name, row in rows(tmp_path).items()}
    assert found == {"resnet18, trunk_cache=0": "0 1", "resnet18, trunk_cache=4": "2"}


def test_seeds_on_other_training_faces_are_rows_of_their_own(tmp_path: Path) -> None:
    for seed in range(2):
        run = RunFolder(make_run(tmp_path / f"runs/{seed}", settings=settings_of(seed=seed)))
        run.update(data_fingerprint=f"{seed}" * 64)
    compare(tmp_path, "runs")
    assert len(rows(tmp_path)) == 2


def test_one_seed_never_decides_against_what_all_seeds_say(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 120}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 80, 1: 200, 2: 200})
    assert compare(tmp_path, "runs").status == 0
    (found,) = story(tmp_path)["sets"]
    (pair,) = found["pairs"]
    assert pair["verdict"] == (
        "cnn2 against cnn1 cannot be decided: give both the same seeds. With seed 0 alone the "
        "difference is -19.0 points, of the means over all seeds +19.0."
    )
    assert "Cannot be decided without the same seeds: cnn2." in found["headlines"]
    assert not any("worse" in words or "Better" in words for words in found["headlines"])


def test_where_one_seed_is_paired_its_difference_is_told(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {1: 100}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 120, 1: 142, 2: 200})
    compare(tmp_path, "runs")
    (pair,) = story(tmp_path)["sets"][0]["pairs"]
    assert pair["difference"] == pytest.approx(42 / N)
    assert pair["low"] < 42 / N < pair["high"]
    said = "cnn2 is better than cnn1 on these 210 images, with seed 1 alone: 20.0 points ("
    assert pair["verdict"].startswith(said)


def test_seeds_that_only_one_row_has_are_not_in_the_difference(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100, 1: 104}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 120, 1: 122, 2: 200})
    compare(tmp_path, "runs")
    (pair,) = story(tmp_path)["sets"][0]["pairs"]
    assert pair["difference"] == pytest.approx(19 / N)
    assert "over 2 seeds (0, 1)" in pair["verdict"]


def test_rows_without_a_common_seed_are_told_as_such(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {1: 150})
    compare(tmp_path, "runs")
    (pair,) = story(tmp_path)["sets"][0]["pairs"]
    assert "seed 1 of cnn2 against seed 0 of cnn1, which have no seed in common" in pair["verdict"]
    assert "(seeds 1 : 0)" in text(tmp_path)


def test_seeds_that_differ_by_the_same_are_told_apart_over_the_images(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100, 1: 110}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 101, 1: 111})
    compare(tmp_path, "runs")
    (pair,) = story(tmp_path)["sets"][0]["pairs"]
    assert (pair["t_p"], pair["p"]) == (None, 1)
    assert "cannot be told apart on these 210 images, with seed 0 alone" in pair["verdict"]


def test_all_pairs_are_one_family_whichever_test_decides(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100, 1: 110, 2: 120}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 130, 1: 141, 2: 149})
    make_seeds(tmp_path / "runs", "cnn3", {0: 112})
    compare(tmp_path, "runs")
    pairs = {pair["first"]: pair for pair in story(tmp_path)["sets"][0]["pairs"]}
    raw = sorted([pairs["cnn2"]["t_p"], pairs["cnn3"]["mcnemar_p"]])
    assert sorted(pair["p"] for pair in pairs.values()) == pytest.approx(
        [2 * raw[0], max(2 * raw[0], raw[1])]
    )


def test_a_group_of_trials_is_one_row_and_hides_its_runs(tmp_path: Path) -> None:
    runs = [
        make_run(
            tmp_path / f"runs/resnet18-faces-{seed}", 100 + seed, settings=settings_of(seed=seed)
        )
        for seed in range(3)
    ]
    make_group(tmp_path / "runs/resnet18-faces-9-3trials", runs)
    assert compare(tmp_path, "runs").status == 0
    assert list(rows(tmp_path)) == ["resnet18"]
    assert rows(tmp_path)["resnet18"]["seeds"] == "0 1 2"


def test_the_good_seeds_of_a_group_that_misses_one_are_a_row(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "runs/resnet18-faces-0")]
    make_group(
        tmp_path / "runs/resnet18-faces-9-2trials", runs, complete=False, missing={"seed 1": "why"}
    )
    told = compare(tmp_path, "runs")
    assert told.status == 0
    assert "(incomplete): seed 1 missing" in told.err
    assert rows(tmp_path)["resnet18"]["seeds"] == "0"


def test_pooled_folds_weigh_what_is_left_without_copies(tmp_path: Path) -> None:
    for fold, copies in enumerate((0, 10, N)):
        run = make_fold(tmp_path / "runs", fold, 100)
        with_copies(run, copies, 0.5 + 0.1 * fold if copies < N else math.nan)
    compare(tmp_path, "runs")
    row = rows(tmp_path)["resnet18"]
    left = (0.5 * N + 0.6 * (N - 10)) / (2 * N - 10)
    assert float(row["test/accuracy_without_copies"]) == pytest.approx(left)
    assert float(row["test/n_without_copies"]) == 2 * N - 10


def test_folds_trained_one_by_one_are_pooled_as_a_group(tmp_path: Path) -> None:
    for fold, right in enumerate((100, 110, 150)):
        make_fold(tmp_path / "runs", fold, right)
    compare(tmp_path, "runs")
    row = rows(tmp_path)["resnet18"]
    assert float(row["test/accuracy"]) == pytest.approx(120 / N)
    assert float(row["test/accuracy_deviation"]) == pytest.approx(
        np.std([100, 110, 150], ddof=1) / N
    )
    assert float(row["test/accuracy_low"]) < 120 / N < float(row["test/accuracy_high"])
    assert (row["n"], row["folds"], row["part"]) == (str(3 * N), "3", "3 folds pooled")
    assert "differ in protocol.fold alone" not in text(tmp_path)
    make_fold(tmp_path / "runs", 1, 130, seed=1)  # a second seed that lacks two folds
    compare(tmp_path, "runs")
    assert sorted(row["n"] for row in rows(tmp_path).values()) == [str(N), str(3 * N)]


def test_folds_of_several_seeds_are_one_row_of_their_means(tmp_path: Path) -> None:
    for seed in range(2):
        for fold in range(3):
            make_fold(tmp_path / "runs", fold, 100 + 20 * seed, seed)
    compare(tmp_path, "runs")
    row = rows(tmp_path)["resnet18"]
    assert float(row["test/accuracy"]) == pytest.approx(110 / N)
    assert (row["seeds"], row["folds"]) == ("0 1", "3")


def test_a_damaged_probability_of_one_fold_leaves_that_run_out_alone(tmp_path: Path) -> None:
    for seed in range(2):
        for fold in range(3):
            make_fold(tmp_path / "runs", fold, 100, seed)
    path = tmp_path / "runs/fold1-seed1/test/predictions.csv"
    path.write_text(path.read_text("utf-8").replace("0.9", "nan", 1), "utf-8")
    told = compare(tmp_path, "runs")
    assert told.status == 0, told.err
    assert told.err.count("left out: ") == 1
    assert "fold1-seed1 (damaged): " in told.err
    assert "1 of 210 faces have a probability that is not a number" in told.err
    found = sorted((row["n"], row["seeds"]) for row in rows(tmp_path).values())
    assert found == [(str(N), "1"), (str(N), "1"), (str(3 * N), "0")]
    assert "fold 1 of 3 missing" in text(tmp_path)


def test_folds_that_are_missing_are_named(tmp_path: Path) -> None:
    for fold in (0, 2):
        make_fold(tmp_path / "runs", fold, 100)
    told = compare(tmp_path, "runs").out.replace("\n", " ")
    assert "differ in protocol.fold alone" in told
    assert "fold 1 of 3 missing" in told
    assert len(rows(tmp_path)) == 2
    make_fold(tmp_path / "runs", 1, 100, seed=1)
    told = compare(tmp_path, "runs").out.replace("\n", " ")
    assert "of seed 0 fold 1 of 3 missing; of seed 1 folds 0, 2 of 3 missing" in told


def test_a_fold_for_each_person_is_pooled_once_all_faces_were_tested(tmp_path: Path) -> None:
    loso = {"protocol_name": "leave_one_subject_out", "protocol_folds": None}
    for fold in range(2):
        names = [f"test/{k + N * fold:04d}.png" for k in range(N)]
        settings = settings_of(**loso, protocol_fold=fold)
        run = RunFolder(make_run(tmp_path / f"runs/{fold}", names=names, settings=settings))
        run.update(counts={"train": 2 * N - 20, "validation": 20, "test": N})
    compare(tmp_path, "runs")
    assert "once all folds of a seed are there: folds after 1 missing." in text(tmp_path)
    RunFolder(tmp_path / "runs/0").update(counts={"train": N - 20, "validation": 20, "test": N})
    compare(tmp_path, "runs")
    assert [row["n"] for row in rows(tmp_path).values()] == [str(2 * N)]


def test_training_faces_that_were_dropped_hide_no_missing_fold(tmp_path: Path) -> None:
    loso = {"protocol_name": "leave_one_subject_out", "data_conflicts": "drop"}
    runs = []
    for fold in range(2):
        names = [f"test/{k + N * fold:04d}.png" for k in range(N)]
        settings = settings_of(**loso, protocol_fold=fold)
        run = RunFolder(make_run(tmp_path / f"runs/{fold}", names=names, settings=settings))
        run.update(counts={"train": N - 20, "validation": 20, "test": N}, faces=3 * N)
        runs.append(run)
    compare(tmp_path, "runs")
    assert "once all folds of a seed are there: folds after 1 missing." in text(tmp_path)
    for run in runs:  # as an older one
        run.update(faces=None)
    compare(tmp_path, "runs")
    assert "with data.conflicts=drop nothing says how many folds there are" in text(tmp_path)
    runs[1].update(faces=2 * N)
    compare(tmp_path, "runs")
    assert [row["n"] for row in rows(tmp_path).values()] == [str(2 * N)]


def test_the_mean_interval_over_seeds_is_of_the_mean(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for seed in range(2):
        make_run(tmp_path / f"runs/{seed}", rng.random(N) < 0.6, settings=settings_of(seed=seed))
    compare(tmp_path, "runs")
    row = rows(tmp_path)["resnet18"]
    low, high = float(row["test/accuracy_low"]), float(row["test/accuracy_high"])
    assert low < float(row["test/accuracy"]) < high
    assert high - low < 2 * 1.96 * (0.24 / N) ** 0.5  # narrower than that of one run

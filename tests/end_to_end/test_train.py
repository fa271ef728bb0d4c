"""What one training leaves behind, and what the same command does again."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import metrics as sk

import fer
from fer.data.faces import SEVEN
from fer.data.loading import FaceDataset
from fer.data.splits import Split
from tests.end_to_end.commands import TINY, UNTRACKED, Copy, Done, contents, here, only_run, runs

FILES = {
    "config.yaml",
    "status.json",
    "split.npz",
    "metrics.csv",
    "checkpoints/best.ckpt",
    "checkpoints/last.ckpt",
    "validation/calibration.json",
    "validation/predictions.csv",
    "test/metrics.json",
    "test/per_class.csv",
    "test/report.md",
    "test/confusion.csv",
    "test/predictions.csv",
    "test/confusion_matrix.png",
    "test/roc_curves.png",
    "test/precision_recall.png",
    "test/reliability.png",
    "test/coverage.png",
    "test/worst_mistakes.png",
    "figures/learning_curves.png",
    "figures/augmented_faces.png",
}
COLUMNS = {
    "epoch",
    "train/loss",
    "train/accuracy",
    "validation/loss",
    "validation/accuracy",
    "validation/balanced_accuracy",
    "validation/f1_macro",
    "learning_rate",
    "seconds",
    "images_per_second",
}


def test_run_says_what_it_found_and_what_to_do_next(recorded: Done) -> None:
    assert recorded.told.status == 0, recorded.told.err
    out = recorded.told.out
    run = recorded.run.path.relative_to(recorded.folder)
    assert f"run folder: {run}" in out
    assert "images: train 140, validation 14, test 70 (private); 7 classes" in out
    assert [line for line in out.splitlines() if line.startswith("epoch 3/3")]
    assert "synthetic, official, private, n = 70" in out
    assert all(name in out for name in SEVEN)
    assert f"next: python -m fer.evaluate run={run}" in out
    assert recorded.told.err == ""


def test_run_folder_holds_exactly_what_is_promised(recorded: Done) -> None:
    found = {name for name in contents(recorded.run.path) if not name.startswith("wandb/")}
    assert found == FILES
    assert [path.name for path in recorded.run.path.glob("wandb/offline-run-*")]
    for picture in FILES:
        if picture.endswith(".png"):
            with Image.open(recorded.run.path / picture) as image:
                assert min(image.size) > 300, picture
    assert {path.name for path in recorded.folder.iterdir()} == {"outputs"}
    assert {path.name for path in (recorded.folder / "outputs").iterdir()} == {"cache", "default"}


def test_status_tells_how_it_was_made(recorded: Done) -> None:
    status = recorded.run.status
    assert (status["state"], status["why"], status["seed"]) == ("finished", None, 0)
    assert status["started"] <= status["test_looks"][0]["time"] <= status["finished"]
    assert status["versions"]["torch"] == torch.__version__
    assert status["versions"]["fer"] == fer.__version__
    assert status["counts"] == {"train": 140, "validation": 14, "test": 70}
    assert status["faces"] == 224  # also those that cleaning takes from training
    assert status["parameters"] == status["trained_parameters"] > 300_000
    here = Path(fer.__file__).parent
    told = subprocess.run(["git", "log", "--format=%H"], cwd=here, capture_output=True, text=True)
    if told.returncode == 0:
        assert status["git_commit"] in told.stdout.split()


def test_the_test_part_is_looked_at_once(recorded: Done) -> None:
    (look,) = recorded.run.status["test_looks"]
    rows = recorded.run.rows()
    best = max(rows, key=lambda row: row["validation/accuracy"])
    assert (look["part"], look["n"], look["epoch"]) == ("private", 70, best["epoch"])


def test_the_test_part_is_predicted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted where every batch comes from, whatever the record of looks says."""
    read, real = [], FaceDataset.__getitem__

    def counted(self: FaceDataset, indices: np.ndarray) -> dict[str, torch.Tensor]:
        read.append(indices)
        return real(self, indices)

    monkeypatch.setattr(FaceDataset, "__getitem__", counted)
    done = here("train", *TINY, UNTRACKED, "trainer.max_epochs=2", folder=tmp_path)
    assert done.status == 0, done.err
    split = Split.load(only_run(tmp_path).split)
    times = np.bincount(np.concatenate(read))
    assert times[split.test].tolist() == [1] * 14
    assert times[split.train].tolist() == [2] * 28
    assert times[split.validation].tolist() == [3] * 14  # each epoch, and for the calibration


def test_metrics_have_a_row_per_epoch(recorded: Done) -> None:
    rows = recorded.run.rows()
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert all(set(row) == COLUMNS and row["images_per_second"] > 0 for row in rows)
    assert len({row["train/loss"] for row in rows}) == 3


def test_split_is_disjoint_and_names_the_tested_faces(recorded: Done) -> None:
    with np.load(recorded.run.split, allow_pickle=False) as split:
        parts = [split[part] for part in ("train", "validation", "test")]
        names = split["test_names"].tolist()
    assert [len(part) for part in parts] == [140, 14, 70]
    assert len(np.unique(np.concatenate(parts))) == 224
    with (recorded.run.test / "predictions.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == names


def test_checkpoints_open_without_running_code(recorded: Done) -> None:
    for path in (recorded.run.best, recorded.run.last):
        checkpoint = torch.load(path, weights_only=True)
        assert checkpoint["hyper_parameters"]["classes"] == list(SEVEN)
    assert checkpoint["epoch"] == 2


def test_metrics_are_those_of_the_predictions(recorded: Done) -> None:
    with (recorded.run.test / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    truth = np.array([SEVEN.index(row["truth"]) for row in rows])
    odds = np.array([[float(row[name]) for name in SEVEN] for row in rows])
    said = odds.argmax(axis=1)
    assert [SEVEN[k] for k in said] == [row["predicted"] for row in rows]
    assert len(set(said)) > 1, "the run learnt nothing, so this would test nothing"
    weighted = {"average": "weighted", "zero_division": 0}
    expected = {
        "accuracy": sk.accuracy_score(truth, said),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, said),
        "f1_macro": sk.f1_score(truth, said, average="macro", zero_division=0),
        "f1_weighted": sk.f1_score(truth, said, **weighted),
        "precision_weighted": sk.precision_score(truth, said, **weighted),
        "recall_weighted": sk.recall_score(truth, said, **weighted),
        "auroc_macro": sk.roc_auc_score(truth, odds, multi_class="ovr"),
        "nll": sk.log_loss(truth, odds),
    }
    found = recorded.run.results()["metrics"]
    assert {key: found[key] for key in expected} == pytest.approx(expected, abs=1e-6)
    with (recorded.run.test / "confusion.csv").open(newline="") as file:
        matrix = [[int(v) for v in row[1:]] for row in list(csv.reader(file))[1:]]
    assert matrix == sk.confusion_matrix(truth, said).tolist()
    with (recorded.run.test / "per_class.csv").open(newline="") as file:
        recalls = [float(row["recall"]) for row in csv.DictReader(file)]
    assert recalls == pytest.approx(sk.recall_score(truth, said, average=None))


def test_same_command_again_shows_and_touches_nothing(recorded: Done) -> None:
    before = contents(recorded.run.path)
    told = here("train", *recorded.arguments, folder=recorded.folder)
    assert told.status == 0
    assert "nothing is trained" in told.out
    assert "synthetic, official, private, n = 70" in told.out
    assert "epoch 1/" not in told.out
    assert contents(recorded.run.path) == before


def test_settings_that_decide_nothing_find_the_same_run(recorded: Done) -> None:
    before = contents(recorded.run.path)
    more = ("trainer.progress=none", "logger.mode=disabled", "trainer.threads=2")
    told = here("train", *recorded.arguments, *more, folder=recorded.folder)
    assert (told.status, told.out) == (0, "")
    assert contents(recorded.run.path) == before


def test_restart_keeps_what_was_there(plain: Done, copy: Copy) -> None:
    done = copy(plain)
    before, name = contents(done.run.path), done.run.path.name
    told = here("train", *done.arguments, "restart=true", folder=done.folder)
    assert told.status == 0
    new, old = runs(done.folder)
    assert (new.path.name, old.path.name[: len(name) + 8]) == (name, f"{name}.before-")
    assert str(old.path.name) in told.out
    assert contents(old.path) == before
    assert new.status["state"] == "finished"
    assert new.status["resumed"] == []
    assert len(new.status["test_looks"]) == 1
    weights = [torch.load(r.last, weights_only=True)["state_dict"] for r in (old, new)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_every_figure_says_protocol_part_and_number(recorded: Done) -> None:
    figures = [name for name in FILES if name.startswith("test/") and name.endswith(".png")]
    assert len(figures) == 6
    for name in figures:
        with Image.open(recorded.run.path / name) as image:
            told = image.info["Description"]
        assert told.startswith("synthetic, official, private, n = 70"), name
    with Image.open(recorded.run.figures / "learning_curves.png") as image:
        assert image.info["Description"].startswith("synthetic, official, ")


def test_every_headline_figure_has_its_interval(recorded: Done) -> None:
    results = recorded.run.results()
    assert set(results["intervals"]) == set(results["metrics"]) - {"support"}
    low, high = results["intervals"]["accuracy"]
    assert low < results["metrics"]["accuracy"] < high
    assert f"[{low:.3f}, {high:.3f}]" in (recorded.run.test / "report.md").read_text()

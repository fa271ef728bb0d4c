"""Settings that change how a run is trained, each seen in what the run leaves behind."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from fer.data.splits import Split
from fer.evaluation.predictions import Predictions
from fer.runs.folder import RunFolder
from tests.builders_pictures import ckplus_tree, jaffe_folder
from tests.composing import choices, settings
from tests.end_to_end.commands import TINY, UNTRACKED, Done, here, only_run, runs

SGD = ("optimizer=momentum", "optimizer.weight_decay=0")


def trained(folder: Path, *overrides: str) -> RunFolder:
    told = here("train", *TINY, UNTRACKED, *overrides, folder=folder)
    assert told.status == 0, told.err
    run = only_run(folder)
    assert run.status["state"] == "finished"
    assert not (run.path / "wandb").exists()
    return run


def checkpoint(run: RunFolder) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(run.last, weights_only=True)
    return loaded


def momenta(run: RunFolder) -> torch.Tensor:
    """SGD's memory of all gradients, as one vector."""
    memory = checkpoint(run)["optimizer_states"][0]["state"].values()
    return torch.cat([entry["momentum_buffer"].ravel() for entry in memory])


NETWORKS = [
    name
    for name in choices("model")
    if settings(f"model={name}")["model"]["kind"] not in ("blend", "classical")
]


@pytest.mark.parametrize("model", NETWORKS)
def test_every_network_trains_and_is_tested(model: str, tmp_path: Path) -> None:
    arguments = [a for a in TINY if not a.startswith("model.")]
    arguments += [UNTRACKED, f"model={model}", "optimizer=momentum", "optimizer.momentum=0"]
    told = here("train", *arguments, folder=tmp_path)
    assert told.status == 0, told.err
    run = only_run(tmp_path)
    assert run.path.name.startswith(f"{run.settings['model']['name']}-synthetic-")
    assert all(math.isfinite(value) for value in run.rows()[0].values())
    assert 0 <= run.results()["metrics"]["accuracy"] <= 1
    run.best.unlink()  # up to 100 MB each
    run.last.unlink()


def test_stops_early_and_counts_what_is_trained(tmp_path: Path) -> None:
    """A frozen backbone and a rate of nearly nothing: the accuracy cannot move."""
    frozen = ("model.frozen_stages=5", "optimizer.lr=1e-12", "augment=none")
    run = trained(tmp_path, *frozen, "trainer.max_epochs=9", "trainer.patience=2")
    assert [row["epoch"] for row in run.rows()] == [1, 2, 3]
    assert run.results()["epoch"] == 1
    weights = checkpoint(run)["state_dict"]
    head = [value for key, value in weights.items() if key.startswith("network.fc.")]
    assert run.status["trained_parameters"] == sum(value.numel() for value in head) > 0
    assert run.status["parameters"] > run.status["trained_parameters"]
    assert [note for note in run.results()["notes"] if "stayed as initialised at random" in note]


def test_balanced_classes(tmp_path: Path) -> None:
    run = trained(tmp_path, "data.train=30", "data.sampler=balanced", "loss.class_weights=balanced")
    weights = checkpoint(run)["hyper_parameters"]["loss"]["class_weights"]
    # 30 drawn faces: five each of the first two classes, four each of the others
    expected = [1 / 5] * 2 + [1 / 4] * 5
    assert [w / weights[0] for w in weights] == pytest.approx([e / expected[0] for e in expected])


def test_crops_in_training_and_testing(plain: Done, tmp_path: Path) -> None:
    crops = ("augment.crop.size=40", "augment.crop.count=5")
    run = trained(tmp_path, *crops, "test_time.crops=10", "test_time.flip=true")
    assert run.results()["test_time"] == {"crops": 10, "flip": True}
    told = (run.test / "report.md").read_text(encoding="utf-8")
    assert "n = 14, 10 crops, mirrored too" in told
    # each image of an epoch counts as five: three batches of 14 stay two steps of 70
    assert checkpoint(run)["global_step"] == checkpoint(plain.run)["global_step"] == 2
    told = here("evaluate", f"run={run.path}", "crops=1", "flip=false", folder=tmp_path)
    assert told.status == 0, told.err
    one_view = Predictions.load(run.path / "evaluations" / "test" / "predictions.csv")
    all_views = Predictions.load(run.test / "predictions.csv")
    assert abs(one_view.probabilities - all_views.probabilities).max() > 1e-6


def test_half_precision_is_near_the_whole_one_but_not_it(plain: Done, tmp_path: Path) -> None:
    run = trained(tmp_path, "trainer.precision=bf16-mixed", "trainer.channels_last=true")
    loss, whole = (r.rows()[0]["train/loss"] for r in (run, plain.run))
    assert loss != whole
    assert loss == pytest.approx(whole, abs=0.1)
    dtypes = {v.dtype for v in checkpoint(run)["state_dict"].values() if v.is_floating_point()}
    assert dtypes == {torch.float32}


def test_norm_of_gradients_is_clipped_and_batches_accumulate(tmp_path: Path) -> None:
    clipping = ("trainer.clip_norm=1e-3", "trainer.accumulate=2", "trainer.max_epochs=2")
    run = trained(tmp_path, *SGD, *clipping)
    assert checkpoint(run)["global_step"] == 2  # four batches
    assert 1e-4 < momenta(run).norm() <= 1.9e-3 * 1.001  # 1 + the 0.9 of momentum


def test_each_gradient_is_clipped(tmp_path: Path) -> None:
    run = trained(tmp_path, *SGD, "trainer.clip_value=1e-4")
    assert momenta(run).abs().max() == pytest.approx(1.9e-4, rel=1e-3)


@pytest.mark.parametrize(
    ("data", "tree", "folds"),
    [("ckplus", ckplus_tree, 112), ("jaffe", jaffe_folder, 56)],
)
def test_huang_s_folds_of_the_small_sets(
    data: str, tree: Callable[..., Path], folds: int, tmp_path: Path
) -> None:
    """Noise has no faces to be found: the detector is left out, all else is as it is given."""
    small = [word for word in TINY if not word.startswith(("data.", "model."))]
    small += ["data.batch_size=14", "protocol.folds=2", "protocol.validation=0.25"]
    whole = ("data.faces.detector=none", "data.faces.align=false", "model.dense=[8]")
    told = here(
        "train",
        "-m",
        f"experiment=huang2022_{data}",
        "protocol=random_kfold,subject_kfold",
        f"data.path={tree(tmp_path / 'pictures', people=4)}",
        *(*small, *whole, UNTRACKED),
        folder=tmp_path,
    )
    assert told.status == 0, told.err
    found = runs(tmp_path)
    assert [run.path.name.split("-")[:2] for run in found] == [["cnn1", data]] * 4
    tested: dict[str, list[str]] = {"random_kfold": [], "subject_kfold": []}
    for run in found:
        assert run.settings["data"]["faces"]["size"] == [150, 100]
        split = Split.load(run.split)
        tested[split.protocol["name"]] += split.test_names.tolist()
        apart = not any("a person who is also in training" in n for n in run.status["notes"])
        assert apart == (split.protocol["name"] == "subject_kfold")
    assert {name: len(set(names)) for name, names in tested.items()} == dict.fromkeys(tested, folds)

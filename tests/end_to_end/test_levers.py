"""Trainings whose settings change from epoch to epoch, and whose weights are averaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import Tensor

import fer.training.lightning_trainer
from fer.runs.folder import RunFolder
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Done,
    assert_same_training,
    here,
    only_run,
)

DECAY = 0.7


class Watch(Callback):
    """Writes down what learns, from pictures of which side, and the weights after every step."""

    def __init__(self) -> None:
        self.sides: dict[str, list[int]] = {"train": [], "validation": []}
        self.learning: list[set[str]] = []
        self.awake: list[set[str]] = []
        self.changed: list[set[str]] = []
        self.learnt: list[dict[str, Tensor]] = []
        self.validated: list[dict[str, Tensor]] = []

    def on_train_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, number: int
    ) -> None:
        self.sides["train"].append(batch["image"].shape[-1])
        self.learning.append({n for n, p in module.named_parameters() if p.requires_grad})
        norms = {n: m for n, m in module.named_modules() if "Norm" in type(m).__name__}
        self.awake.append({name for name, norm in norms.items() if norm.training})

    def on_train_batch_end(self, trainer: Trainer, module: LightningModule, *rest: Any) -> None:
        self.learnt.append({k: v.clone() for k, v in module.state_dict().items()})

    def on_validation_batch_start(
        self, trainer: Trainer, module: LightningModule, batch: Any, *rest: Any
    ) -> None:
        self.sides["validation"].append(batch["image"].shape[-1])
        self.validated.append({k: v.clone() for k, v in module.state_dict().items()})


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Watch]:
    """Four epochs of two steps each, with everything that changes."""
    folder, watch = tmp_path_factory.mktemp("levers"), Watch()
    settings = (
        *TINY,
        UNTRACKED,
        "trainer.max_epochs=4",
        "data.progressive={0:32,1:40,3:48}",
        "augment.crop.size=42",
        "model.unfreeze={0:5,1:2,2:0}",
        "optimizer.layer_decay=0.5",
        f"trainer.ema_decay={DECAY}",
        "augment.mixup.alpha=0.4",
        "scheduler=constant",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fer.training.lightning_trainer, "progress_callbacks", lambda kind: [watch])
        told = here("train", *settings, folder=folder)
    assert told.status == 0, told.err
    return only_run(folder), watch


def test_pictures_grow_in_training_alone(watched: tuple[RunFolder, Watch]) -> None:
    _, watch = watched
    assert watch.sides == {"train": [28, 28, 35, 35, 35, 35, 42, 42], "validation": [42] * 4}


def test_stages_wake_up_one_after_the_other(watched: tuple[RunFolder, Watch]) -> None:
    _, watch = watched
    stem, early, head = "network.conv1.", "network.layer1.", "network.fc."
    for step, kinds in enumerate([(head,)] * 2 + [(head, "network.layer2.")] * 2):
        assert any(name.startswith(kinds[-1]) for name in watch.learning[step])
        assert not any(name.startswith((stem, early)) for name in watch.learning[step])
    assert all(name.startswith(head) for name in watch.learning[0])
    assert len(watch.learning[4]) == len(watch.learning[7]) > len(watch.learning[3])
    assert not watch.awake[0] and "network.bn1" not in watch.awake[3]
    assert watch.awake[2] and {"network.bn1"} | watch.awake[3] < watch.awake[4]


def test_what_sleeps_does_not_move_and_then_does(watched: tuple[RunFolder, Watch]) -> None:
    _, watch = watched
    names = ("network.conv1.0.weight", "network.bn1.running_mean", "network.layer1.0.conv1.weight")
    for name in names:
        steps = [after[name] for after in watch.learnt]
        assert all(torch.equal(step, steps[0]) for step in steps[:4])
        assert not torch.equal(steps[4], steps[3])


def test_the_average_is_validated_kept_and_tested(watched: tuple[RunFolder, Watch]) -> None:
    run, watch = watched
    average, kept = dict(watch.learnt[0]), []
    for count, learnt in enumerate(watch.learnt):
        share = min(DECAY, (1 + count) / (10 + count))
        for name, value in learnt.items():
            if count and value.is_floating_point():
                average[name] = average[name] * share + value * (1 - share)
        if count % 2:
            kept.append(dict(average))
    for seen, expected in zip(watch.validated, kept, strict=True):
        for name in (n for n in seen if seen[n].is_floating_point()):
            torch.testing.assert_close(seen[name], expected[name])
    last, best = (torch.load(p, weights_only=True) for p in (run.last, run.best))
    for name, value in last["current_model_state"].items():
        assert torch.equal(value, watch.learnt[-1][name]), name
        assert torch.equal(last["state_dict"][name], watch.validated[-1][name]), name
    epoch = run.results()["epoch"]
    assert all(
        torch.equal(value, watch.validated[epoch - 1][name])
        for name, value in best["state_dict"].items()
    )
    told = here("evaluate", f"run={run.path}", folder=run.path)
    assert "identical to the stored test" in told.out, told.err


def test_the_heads_rate_is_written_down(watched: tuple[RunFolder, Watch]) -> None:
    run, _ = watched
    assert [row["learning_rate"] for row in run.rows()] == [run.settings["optimizer"]["lr"]] * 4
    groups = torch.load(run.last, weights_only=True)["optimizer_states"][0]["param_groups"]
    assert len({group["lr"] for group in groups}) > 4


def test_accuracy_of_mixed_pictures_is_called_so(watched: tuple[RunFolder, Watch]) -> None:
    run, _ = watched
    for row in run.rows():
        assert "train/accuracy" not in row and 0 <= row["train/dominant_accuracy"] <= 1
    assert (run.figures / "learning_curves.png").is_file()


def test_pixels_on_the_device_change_nothing(plain: Done, tmp_path: Path) -> None:
    told = here("train", *plain.arguments, "data.on_device=true", folder=tmp_path)
    assert told.status == 0, told.err
    assert only_run(tmp_path).path.name == plain.run.path.name
    assert_same_training(only_run(tmp_path), plain.run)

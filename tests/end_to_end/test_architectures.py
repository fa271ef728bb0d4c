"""Real trainings of the architectures that are not a timm backbone with a linear head."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.end_to_end.commands import TINY, UNTRACKED, Done, here, runs

CNN = (*(a for a in TINY if not a.startswith("model.")), "model=cnn2", "model.dense=[16,8]")
MLP = (*TINY, "model=resnet50_mlp")


def weights(done: Done, name: str) -> torch.Tensor:
    return torch.load(done.run.best, weights_only=True)["state_dict"][f"network.{name}"]


def trained(folder: Path, *arguments: str) -> Done:
    folder.mkdir()
    told = here("train", *arguments, UNTRACKED, folder=folder)
    assert told.status == 0, told.err
    return Done(folder, arguments, told)


@pytest.mark.parametrize("arguments", [CNN, MLP], ids=["cnn", "mlp"])
def test_trains_evaluates_and_goes_on_from_its_folder(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    first = trained(tmp_path / "first", *arguments)
    assert "Element-wise binary accuracy 0." in first.told.out
    assert 0 < first.run.results()["metrics"]["binary_accuracy_elementwise"] <= 1
    again = here("evaluate", f"run={first.run.path}", folder=first.folder)
    assert again.status == 0, again.err
    assert "identical to the stored test" in again.out

    frozen = (f"model.weights={first.run.path}", "model.frozen_stages=2")
    second = trained(tmp_path / "second", *arguments, *frozen)
    assert "left out" not in second.told.out
    kept, learnt = {
        CNN: ("features.conv1.weight", "output.weight"),
        MLP: ("trunk.layer1.0.conv1.weight", "head.linear3.weight"),
    }[arguments]
    assert torch.equal(weights(first, kept), weights(second, kept))
    assert not torch.equal(weights(first, learnt), weights(second, learnt))
    assert second.run.status["trained_parameters"] < second.run.status["parameters"]


def test_a_crop_is_what_the_network_is_made_for(tmp_path: Path) -> None:
    done = trained(tmp_path / "run", *CNN, "augment.crop.size=40")
    assert weights(done, "dense.fc1.weight").shape == (16, 64 * 5 * 5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*CNN, "data.size=32", "model.frozen_stages=5"), ["model.frozen_stages=5", "to 4"]),
        ((*CNN, "model.train_only=[fc.*]"), ["model.train_only", "'fc.*'", "output.bias"]),
        ((*CNN, "model.weights=imagenet"), ["model.weights=imagenet", "run folder"]),
        ((*CNN, "model.network=vgg16", "data.size=24"), ["data.size=24", "vgg16", "32"]),
        ((*MLP, "model.attention_heads=5"), ["model.attention_heads=5", "96"]),
        ((*MLP, "model.train_only=['layer4.*']"), ["model.train_only", "'layer4.*'", "head."]),
    ],
)
def test_what_cannot_be_is_one_message(
    arguments: tuple[str, ...], words: list[str], tmp_path: Path
) -> None:
    told = here("train", *arguments, folder=tmp_path)
    assert told.status == 2
    assert told.err.startswith("error: ") and len(told.err.splitlines()) == 1
    assert [word for word in words if word not in told.err] == []
    assert not runs(tmp_path)

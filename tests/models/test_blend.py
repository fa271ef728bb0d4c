from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning import Trainer
from torch import Tensor, nn

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.freezing import count_parameters
from fer.models.networks.blend import Blend
from tests.models.test_classifiers import all_plain, batches

Make = Callable[..., FaceClassifier]
JOINS = ("logits", "features", "mean")


class Member(nn.Module):
    """Everything that training would move: dropout, and norms with and without parameters."""

    def __init__(self, width: int, classes: int = 7) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, width, 3),
            nn.BatchNorm2d(width),
            nn.BatchNorm2d(width, affine=False),
            nn.Dropout(0.5),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.head = nn.Linear(width, classes)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.body(images))
        return logits


@pytest.fixture
def members() -> list[Member]:
    torch.manual_seed(0)
    return [Member(4).eval(), Member(6).eval()]


IMAGES = torch.rand(5, 1, 16, 16, generator=torch.Generator().manual_seed(1))


def test_logits_go_side_by_side_into_a_linear_layer(members: list[Member]) -> None:
    blend = Blend(members, "logits", 7)
    told = torch.cat([member(IMAGES) for member in members], dim=1)
    assert told.shape == (5, 14)
    torch.testing.assert_close(blend(IMAGES), blend.joined(told))
    assert count_parameters(blend)[1] == 14 * 7 + 7


def test_features_are_what_goes_into_the_last_layers(members: list[Member]) -> None:
    blend = Blend(members, "features", 7)
    features = torch.cat([member.body(IMAGES) for member in members], dim=1)
    assert features.shape == (5, 10)
    torch.testing.assert_close(blend(IMAGES), blend.joined(features))
    assert count_parameters(blend)[1] == 10 * 7 + 7


def test_mean_is_of_probabilities(members: list[Member]) -> None:
    members[0].head.weight.data *= 100
    blend = Blend(members, "mean", 7)
    expected = sum(member(IMAGES).softmax(dim=1) for member in members) / 2
    torch.testing.assert_close(blend(IMAGES).softmax(dim=1), expected)
    logits = sum(member(IMAGES) for member in members) / 2
    assert not torch.allclose(expected, logits.softmax(dim=1), atol=1e-3)
    assert count_parameters(blend)[1] == 0


def test_mean_of_members_that_are_certain_is_finite(members: list[Member]) -> None:
    for member in members:
        member.head.weight.data *= 1e6
    assert torch.isfinite(Blend(members, "mean", 7)(IMAGES)).all()


@pytest.mark.parametrize("join", JOINS)
def test_members_stay_as_they_are_in_training(join: str, members: list[Member]) -> None:
    blend = Blend(members, join, 7)
    before = {key: value.clone() for key, value in blend.members.state_dict().items()}
    for mode in (False, True):
        blend.train(mode)
        assert blend.training == mode
        assert not any(module.training for member in members for module in member.modules())
    assert torch.equal(blend(IMAGES), blend(IMAGES))
    if join != "mean":
        blend(IMAGES).sum().backward()
        assert blend.joined.weight.grad is not None
    assert all(p.grad is None for p in blend.members.parameters())
    for key, value in blend.members.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_features_need_a_linear_layer_at_the_end(members: list[Member]) -> None:
    strange = nn.Sequential(nn.Flatten(), nn.Linear(256, 12))
    with pytest.raises(ConfigError, match=r"model\.join=features.*use logits or mean"):
        Blend([members[0], strange], "features", 7)


@pytest.mark.parametrize("join", JOINS)
def test_a_blend_is_rebuilt_from_its_hyperparameters(join: str, make_classifier: Make) -> None:
    model = make_classifier("model=blend", f"model.join={join}").eval()
    assert all_plain(dict(model.hparams))
    assert len(model.hparams["model"]["members"]) == 2
    again = type(model)(**model.hparams).eval()
    again.load_state_dict(model.state_dict())
    images = torch.rand(3, 1, 48, 48)
    with torch.no_grad():
        assert torch.equal(model(images), again(images))


def test_each_member_normalises_by_itself(make_classifier: Make) -> None:
    plain = make_classifier("model=blend", "model.join=mean")
    settings: dict[str, Any] = dict(plain.hparams) | {"mean": [0.0], "deviation": [1.0]}
    first, second = (dict(member) for member in settings["model"]["members"])
    second["mean"], second["deviation"] = [0.1], [0.7]
    settings["model"] = {**settings["model"], "members": [first, second]}
    model = type(plain)(**settings).eval()
    seen: list[Tensor] = []
    for member in model.network.members:  # type: ignore[union-attr]
        member.network.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    images = torch.rand(2, 1, 48, 48)
    model(images)
    torch.testing.assert_close(seen[0], (images - 0.4) / 0.2)
    torch.testing.assert_close(seen[1], (images - 0.1) / 0.7)


def test_a_fit_moves_the_joining_layer_alone(make_classifier: Make, tmp_path: Path) -> None:
    model = make_classifier("model=blend", "optimizer.backbone_scale=0", "scheduler=constant")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        default_root_dir=tmp_path,
    )
    trainer.fit(model, batches(side=48), batches(1, side=48))
    optimised = [p for group in trainer.optimizers[0].param_groups for p in group["params"]]
    assert sum(p.numel() for p in optimised) == 105
    moved = [
        key for key, value in model.state_dict().items() if not torch.equal(value, before[key])
    ]
    assert moved == ["network.joined.weight", "network.joined.bias"]

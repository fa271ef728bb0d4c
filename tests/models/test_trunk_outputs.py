"""The way through a network, cut in two before its head, is the way through the network."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from fer.models.classifiers import FaceClassifier
from fer.models.freezing import stages
from fer.training.trunk_cache import trunk_outputs

Make = Callable[..., FaceClassifier]

KINDS = {
    "model=resnet18 model.backbone=test_resnet": 1,
    "model=vgg19_bn": 1,
    "model=mobilenetv3": 1,
    "model=densenet121": 1,
    "model=resnet50_mlp model.backbone=test_resnet": 3,
    "model=slim": 1,
    "model=cnn1": 1,
}
"""And how many axes one image's outputs have."""


@pytest.mark.parametrize("overrides", KINDS)
def test_head_and_trunk_are_the_network(overrides: str, make_classifier: Make) -> None:
    model = make_classifier(*overrides.split(), "model.dropout=0")
    depth = len(stages(model.network))
    model = make_classifier(*overrides.split(), "model.dropout=0", f"model.frozen_stages={depth}")
    assert {id(p) for p in model.parameters() if p.requires_grad} == {
        id(p) for p in model.head.parameters()
    }
    images = torch.rand(2, 1, 48, 48)
    model.eval()
    outputs = trunk_outputs(model, images)
    assert outputs.ndim == 1 + KINDS[overrides]
    assert torch.equal(model.head_logits(outputs), model(images))
    assert torch.equal(model.answer({"trunk": outputs}), model.answer({"image": images}))


@pytest.mark.parametrize(
    "overrides",
    ["model=resnet18 model.backbone=test_resnet", "model=vgg19_bn", "model=mobilenetv3"],
)
def test_dropout_before_the_last_layer_stays(overrides: str, make_classifier: Make) -> None:
    model = make_classifier(*overrides.split(), "model.dropout=0.5", "model.frozen_stages=5")
    images = torch.rand(4, 1, 48, 48)
    outputs = trunk_outputs(model.eval(), images)
    model.train()
    answers = []
    for batch in ({"trunk": outputs}, {"image": images}):
        torch.manual_seed(0)
        answers.append(model.answer(batch))
    torch.testing.assert_close(*answers)
    assert not torch.equal(answers[0], model.eval().head_logits(outputs))

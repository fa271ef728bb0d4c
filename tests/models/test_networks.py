from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.networks.transfer import build_transfer
from tests.composing import choices, settings

Make = Callable[..., FaceClassifier]
RESNETS = ("resnet18", "resnet50", "densenet121")
NETWORKS = [
    name for name in choices("model") if settings(f"model={name}")["model"]["kind"] != "classical"
]
SMALL_STEMS = ("tf_efficientnet_lite0", "mobilenetv3_large_100")


@pytest.mark.parametrize(
    ("model", "channels"), [*((name, 1) for name in NETWORKS), ("resnet18", 3)]
)
def test_every_model_maps_faces_to_seven_classes(
    model: str, channels: int, make_classifier: Make
) -> None:
    built = make_classifier(f"model={model}", f"data.channels={channels}").eval()
    with torch.no_grad():
        logits = built(torch.rand(2, channels, 48, 48))
    assert logits.shape == (2, 7) and torch.isfinite(logits).all()
    assert not torch.allclose(logits[0], logits[1])


@pytest.mark.parametrize(
    ("backbone", "million"),
    [("resnet18", 11.2), ("resnet50", 23.5), ("vgg19_bn", 20.0), ("densenet121", 7.0)],
)
def test_sizes_are_those_of_the_papers(backbone: str, million: float) -> None:
    count = sum(p.numel() for p in build_transfer(backbone, 7, channels=3).parameters())
    assert count / 1e6 == pytest.approx(million, abs=0.06)


@pytest.mark.parametrize(
    ("backbone", "native"),
    [*((name, 4) for name in RESNETS), *((name, 2) for name in SMALL_STEMS), ("vgg19_bn", 1)],
)
def test_a_small_stem_keeps_resolution(backbone: str, native: int) -> None:
    def side(stride: int | None) -> int:
        network = build_transfer(backbone, 7, stem_stride=stride).eval()
        with torch.no_grad():
            assert network(torch.rand(1, 1, 64, 64)).shape == (1, 7)
            return int(network.forward_features(torch.rand(1, 1, 64, 64)).shape[-1])

    assert side(None) == side(native) == 2
    for stride in (stride for stride in (1, 2) if stride < native):
        assert side(stride) == 2 * native // stride


@pytest.mark.parametrize(
    ("backbone", "stride", "told"),
    [
        ("vgg19_bn", 2, "shrinks by 1; use null$"),
        ("tf_efficientnet_lite0", 4, "shrinks by 2; use null or a number below 2"),
        ("resnet18", 8, "shrinks by 4; use null or a number below 4"),
    ],
)
def test_a_stem_that_cannot_be_is_refused(backbone: str, stride: int, told: str) -> None:
    with pytest.raises(ConfigError, match=rf"model\.stem_stride={stride}: {backbone}.*{told}"):
        build_transfer(backbone, 7, stem_stride=stride)


@pytest.mark.parametrize(("typed", "meant"), [("resnet81", "resnet18"), ("vgg19bn", "vgg19_bn")])
def test_an_unknown_backbone_is_told_with_near_ones(typed: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=rf"model\.backbone={typed} .*did you mean .*{meant}"):
        build_transfer(typed, 7)


def test_a_backbone_like_nothing_is_told_where_names_are() -> None:
    with pytest.raises(ConfigError, match=r"timm\.list_models"):
        build_transfer("?" * 30, 7)


def test_stochastic_depth_where_there_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.drop_path=0\.1: vgg19_bn"):
        build_transfer("vgg19_bn", 7, drop_path=0.1)


@pytest.mark.parametrize("option", ["dropout", "drop_path"])
def test_dropping_out_happens_in_training_only(option: str) -> None:
    plain, dropping = (
        build_transfer("tf_efficientnet_lite0", 7, **{option: rate}) for rate in (0.0, 0.5)
    )
    images = torch.rand(4, 1, 32, 32)

    def repeats(network: torch.nn.Module) -> bool:
        with torch.no_grad():
            return torch.equal(network(images), network(images))

    assert repeats(plain.train()) and not repeats(dropping.train())
    assert repeats(dropping.eval())


def test_dropout_of_vgg() -> None:
    network = build_transfer("vgg19_bn", 7, dropout=0.5).train()
    images = torch.rand(2, 1, 48, 48)
    with torch.no_grad():
        assert not torch.equal(network(images), network(images))


@pytest.mark.parametrize("backbone", ["resnet18", "tf_efficientnet_lite0", "mobilenetv3_small_100"])
def test_training_starts_near_the_loss_of_chance(backbone: str) -> None:
    """However wide the features are: a head drawn for 1,000 classes starts far above."""
    torch.manual_seed(0)
    head = build_transfer(backbone, classes=7).get_classifier()
    features = torch.randn(64, head.in_features).relu()
    loss = torch.nn.functional.cross_entropy(head(features), torch.arange(64) % 7)
    assert loss < 2 * math.log(7)

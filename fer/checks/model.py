"""What settings of the model may be."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from omegaconf import OmegaConf

from fer.checks.checker import Checker
from fer.errors import ConfigError


def check_model(check: Checker) -> None:
    """Architecture, initial weights and what of them trains."""
    check.choice("model.kind", ("transfer", "classical"))
    if check.value("model.kind") == "classical":
        _classical(check)
        return
    check.text("model.backbone")
    check.text("model.weights")
    _extra_channels(check)
    check.choice("model.stem_stride", (None, 1, 2, 4))
    check.number("model.frozen_stages", low=0, whole=True)
    check.number("model.dropout", low=0, high=0.99)
    check.number("model.drop_path", low=0, high=0.99)
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
    norm = check.value("model.normalisation")
    if norm not in ("auto", "dataset") and not _is_normalisation(
        norm, check.value("data.channels")
    ):
        check.fail(
            "model.normalisation",
            "auto, dataset, or [mean, deviation] on the scale 0 to 1, each a number or one for "
            "each channel",
        )


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


def _classical(check: Checker) -> None:
    """A descriptor, and a classifier that scikit-learn fits."""
    descriptor = check.value("model.descriptor")
    check.choice("model.descriptor", ("lbp", "lpq", "phog", "pixels"))
    if descriptor in ("lbp", "phog") and find_spec("skimage") is None:
        check.fail(
            "model.descriptor",
            "it needs scikit-image: pip install 'fer-experiments[classical]' "
            "(in a checkout: pip install -e '.[classical]')",
        )
    check.number("model.lbp.radius", low=1, high=8, whole=True)
    for key in ("lbp", "lpq"):
        check.number(f"model.{key}.cells", low=1, high=64, whole=True)
    check.choice("model.lpq.window", range(3, 32, 2))
    check.flag("model.lpq.decorrelate")
    check.number("model.phog.levels", low=0, high=6, whole=True)
    check.number("model.phog.bins", low=2, high=360, whole=True)
    check.flag("model.phog.edges")
    check.number("model.components", low=1, whole=True, null=True)
    check.choice("model.classifier", ("svm", "lda_knn", "gmm"))
    check.choice("model.kernel", ("rbf", "linear"))
    check.number("model.landmarks", low=2, whole=True)
    check.choice("model.covariance", ("diag", "full"))
    _candidates(check, "model.c", float, "numbers above 0, such as [0.1,1]")
    for key in ("model.neighbours", "model.mixtures"):
        _candidates(check, key, int, "whole numbers from 1, such as [1,4]")
    if check.value("trainer.compile"):
        check.fail("trainer.compile", "a classical model has no network to compile")


def _candidates(check: Checker, key: str, kind: type, allowed: str) -> None:
    """A list of positive numbers, of which the validation part chooses one."""
    values = check.value(key)
    kinds = (int, float) if kind is float else int
    fits = OmegaConf.is_list(values) and all(
        isinstance(v, kinds) and not isinstance(v, bool) and v > 0 for v in values
    )
    if not fits or not values:
        check.fail(key, f"it is a list of {allowed}")


def _is_normalisation(norm: Any, channels: int) -> bool:
    """Whether it is [mean, deviation], each a number or a list with one for each channel."""
    if not OmegaConf.is_list(norm) or len(norm) != 2:
        return False
    mean, deviation = ([v] * channels if isinstance(v, (int, float)) else v for v in norm)
    return all(OmegaConf.is_list(v) or isinstance(v, list) for v in (mean, deviation)) and all(
        len(v) == channels and all(isinstance(x, (int, float)) and x >= low for x in v)
        for v, low in ((mean, 0), (deviation, 1e-6))
    )

"""What settings of the model may be."""

from __future__ import annotations

from typing import Any

from omegaconf import OmegaConf

from fer.checks.checker import Checker
from fer.errors import ConfigError


def check_model(check: Checker) -> None:
    """Architecture, initial weights and what of them trains."""
    check.choice("model.kind", ("transfer", "blend"))
    if check.value("model.kind") == "blend":
        _blend(check)
        return
    check.text("model.backbone")
    check.text("model.weights")
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


def _blend(check: Checker) -> None:
    """Finished runs and how they are joined."""
    members = check.value("model.members")
    listed = list(members) if OmegaConf.is_list(members) else [members]
    if not listed or not all(isinstance(member, str) and member for member in listed):
        check.fail(
            "model.members", "it is a list of run folders, or a pattern such as 'outputs/a/*'"
        )
    check.choice("model.join", ("logits", "features", "mean"))


def _is_normalisation(norm: Any, channels: int) -> bool:
    """Whether it is [mean, deviation], each a number or a list with one for each channel."""
    if not OmegaConf.is_list(norm) or len(norm) != 2:
        return False
    mean, deviation = ([v] * channels if isinstance(v, (int, float)) else v for v in norm)
    return all(OmegaConf.is_list(v) or isinstance(v, list) for v in (mean, deviation)) and all(
        len(v) == channels and all(isinstance(x, (int, float)) and x >= low for x in v)
        for v, low in ((mean, 0), (deviation, 1e-6))
    )

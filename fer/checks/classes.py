"""What settings may be can in part only be told once the data's classes are known."""

from __future__ import annotations

from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from fer.checks.checker import Checker


def check_classes(cfg: DictConfig, classes: Sequence[str]) -> None:
    """Refuses settings that speak of other classes than the data has.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check, known = Checker(cfg), ", ".join(classes)
    weights = check.value("loss.class_weights")
    if OmegaConf.is_list(weights) and len(weights) != len(classes):
        check.fail("loss.class_weights", f"{len(classes)} numbers, one per class: {known}")
    if not set(check.value("data.oversample") or ()) <= set(classes):
        check.fail("data.oversample", f"the classes are {known}")

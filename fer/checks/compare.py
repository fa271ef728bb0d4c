"""What settings of `fer.compare` may be."""

from __future__ import annotations

from importlib.util import find_spec

from omegaconf import DictConfig, OmegaConf

from fer.checks.checker import Checker
from fer.errors import ConfigError

COSTS = (
    "training_seconds",
    "seconds_per_epoch",
    "parameters",
    "milliseconds_per_face",
    "megabytes",
)
TARGETS = ("page", "wandb")


def check_comparison(cfg: DictConfig) -> None:
    """Refuses settings of `fer.compare` that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    runs = check.value("runs")
    if not OmegaConf.is_list(runs) or not all(isinstance(word, str) and word for word in runs):
        check.fail("runs", "it is a list of folders and patterns, such as [outputs/fer2013_depth]")
    if not runs:
        raise ConfigError(
            "no run is named: python -m fer.compare outputs/fer2013_depth 'outputs/*/resnet18-*'"
        )
    check.text("baseline", null=True)
    check.text("output", null=True)
    check.choice("cost", COSTS)
    check.choice("target", TARGETS)
    if check.value("target") == "wandb" and find_spec("wandb_workspaces") is None:
        raise ConfigError(
            "target=wandb needs wandb-workspaces, which is not installed: pip install "
            "'fer-experiments[compare]' (or pip install wandb-workspaces), or use target=page"
        )
    check.number("alpha", above=0, high=0.5)
    check.choice("progress", ("auto", "none"))
    check.text("paths.outputs")

"""Configurations as the command line would make them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from fer.config import CONF, plain, resolve


@cache
def composed(*overrides: str) -> DictConfig:
    """`conf/train.yaml` with overrides, resolved."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return resolve(compose("train", overrides=list(overrides)))


def settings(*overrides: str) -> dict[str, Any]:
    """The same as plain dictionaries."""
    return plain(composed(*overrides))


def choices(group: str) -> list[str]:
    """The files of a group that can be chosen, without the bases that others build on."""
    files = sorted(Path(CONF, group).glob("*.yaml"))
    return [file.stem for file in files if file.stem not in ("base", "pictures")]

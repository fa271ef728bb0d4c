"""What settings of a command may be, told before torch is imported."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from fer.checks.checker import Checker
from fer.checks.data import check_augmentation, check_data, check_protocol, check_pseudo
from fer.checks.explanations import check_explanations
from fer.checks.fitting import (
    ACCELERATORS,
    check_distillation,
    check_loss,
    check_optimisation,
    check_trainer,
)
from fer.checks.model import check_model
from fer.checks.processes import check_processes
from fer.checks.trunk_cache import check_trunk_cache

PARTS = (
    check_data,
    check_pseudo,
    check_protocol,
    check_augmentation,
    check_model,
    check_optimisation,
    check_loss,
    check_distillation,
    check_trainer,
    check_processes,
    check_trunk_cache,
)


def check_training(cfg: DictConfig) -> None:
    """Refuses settings that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    for part in (_general, *PARTS):
        part(check)


def check_evaluation(cfg: DictConfig) -> None:
    """Refuses settings of `fer.evaluate` that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    check.text("run")
    check.text("part")
    check.text("data_path", null=True)
    check.choice("progress", ("auto", "none"))
    check.choice("flip", (None, True, False))
    check.choice("crops", (None, 1, 5, 10))
    check.choice("accelerator", ACCELERATORS)
    check_explanations(check)
    if cfg.get("data") is not None:
        check_data(check)


def _general(check: Checker) -> None:
    for key in ("name", "model.name"):
        check.word(key)
    check.word("tag", null=True)
    for key in ("paths.outputs", "paths.data", "paths.cache"):
        check.text(key)
    check.number("seed", low=0, high=2**31, whole=True)
    check.number("trials", low=1, high=1000, whole=True)
    check.flag("restart")
    check.flag("test_time.flip")
    check.choice("test_time.crops", (1, 5, 10))
    check.choice("logger.mode", ("offline", "online", "disabled"))
    check.number("logger.timeout", above=0, high=3600)
    check.number("sure_accuracy", above=0, high=1)
    check.text("logger.project")
    check.text("logger.entity", null=True)
    check.text("logger.group", null=True)
    check.flag("logger.checkpoint")
    if not OmegaConf.is_list(check.value("logger.tags")):
        check.fail("logger.tags", "it is a list of words such as [first,long]")

"""What settings of a training with several processes may be, and who starts them."""

from __future__ import annotations

import os

from omegaconf import DictConfig

from fer.checks.checker import Checker
from fer.errors import ConfigError

ONE_BY_ONE = ("BasicLauncher", "SlurmLauncher")
"""Hydra's launchers whose jobs have their machine, or their share of it, for themselves."""


def torchrun_processes() -> int | None:
    """How many processes torchrun has started, this one among them; None where it has not."""
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else None


def torchrun_rank() -> int:
    """Which of them this is; 0 where there is no other."""
    return int(os.environ["RANK"]) if "TORCHELASTIC_RUN_ID" in os.environ else 0


def check_processes(check: Checker) -> None:
    """How many, and what goes together with more than one.

    Raises:
        ConfigError: One of them cannot work, or does not go with another.
    """
    check.number("trainer.devices", low=1, whole=True)
    check.number("trainer.nodes", low=1, whole=True)
    check.flag("trainer.sync_batchnorm")
    nodes, started = check.value("trainer.nodes"), torchrun_processes()
    world = check.value("trainer.devices") * nodes
    if started is None and nodes > 1:
        check.fail(
            "trainer.nodes",
            "processes of several nodes are started on each of them by torchrun: see "
            "conf/trainer/ddp.yaml",
        )
    if started is not None and started != world:
        check.fail(
            "trainer.devices",
            f"torchrun has started {started} processes; times trainer.nodes it must give as many",
        )
    if world > 1:
        _check_several(check, world)
    elif check.value("trainer.sync_batchnorm"):
        check.fail("trainer.sync_batchnorm", "with one process there is nothing to share: false")
    if started is not None and (check.value("trials") > 1 or check.value("protocol.fold") == "all"):
        raise ConfigError(
            "torchrun starts the processes of one run: without it, trials and protocol.fold=all "
            "train one run after the other, each with trainer.devices processes"
        )


def _check_several(check: Checker, world: int) -> None:
    """Batches can be shared out, and there is something to share the work of."""
    if check.value("data.batch_size") % world:
        check.fail(
            "data.batch_size",
            f"it is shared out over {world} processes (trainer.devices times trainer.nodes): a "
            f"multiple of {world}",
        )
    for key, value, why in (
        ("model.kind", "classical", "a classical model is fitted by one process"),
        ("model.join", "mean", "nothing learns with it"),
        ("trainer.accelerator", "mps", "an Apple GPU is one device"),
    ):
        if check.value(key) == value:
            check.fail(key, f"{why}: not with {world} processes, use trainer.devices=1")
    if check.value("model.trunk_cache"):
        check.fail("model.trunk_cache", "a head alone is trained by one process: trainer.devices=1")
    if check.value("trainer.sync_batchnorm") and check.value("trainer.accelerator") == "cpu":
        check.fail("trainer.sync_batchnorm", "torch has it on GPUs only: false")


def check_sweep(cfg: DictConfig, launcher: str) -> None:
    """Jobs of several processes run one after the other.

    Args:
        cfg: A job's settings.
        launcher: Name of Hydra's launcher.

    Raises:
        ConfigError: Jobs side by side would use the same devices; or torchrun runs the sweep.
    """
    several = cfg.trainer.devices * cfg.trainer.nodes > 1
    if torchrun_processes() is not None:
        raise ConfigError("torchrun starts the processes of one run: sweep without it")
    if several and not launcher.endswith(ONE_BY_ONE):
        raise ConfigError(
            f"trainer.devices={cfg.trainer.devices} cannot be: with this hydra/launcher jobs run "
            "side by side, each would take the same devices; use hydra/launcher=basic, one job "
            "after the other, or trainer.devices=1"
        )

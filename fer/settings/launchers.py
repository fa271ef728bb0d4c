"""A sweep's jobs elsewhere: what its command says, and what it makes of a launcher's errors."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from fer.errors import ConfigError, FerError, stop

EXTRAS = {"submitit_slurm": "slurm", "submitit_local": "slurm", "joblib": "parallel", "ray": "ray"}
"""Hydra's launchers that are installed with an extra."""

_PACKAGES = ("hydra_plugins", "ray", "submitit")


def missing_launcher(name: str) -> str | None:
    """What to do where Hydra does not find this configuration; None where an extra has it not."""
    group, _, launcher = name.rpartition("/")
    if group != "hydra/launcher" or launcher not in EXTRAS:
        return None
    extra = EXTRAS[launcher]
    return (
        f"the launcher {launcher} is not installed: pip install 'fer-experiments[{extra}]' "
        f"(in a checkout: pip install -e '.[{extra}]')"
    )


def refuse_launcher() -> None:
    """One run knows no launcher.

    Raises:
        ConfigError: One was chosen on the command line.
    """
    for override in HydraConfig.get().overrides.hydra:
        if override.startswith("hydra/launcher="):
            raise ConfigError(f"{override} is for sweeps: add -m, also for a single job")


def check_launcher(config: DictConfig) -> None:
    """A job is one task: several would each train the same run.

    Raises:
        ConfigError: The launcher was asked for several.
    """
    for key in ("hydra.launcher.nodes", "hydra.launcher.tasks_per_node"):
        value = OmegaConf.select(config, key)
        if value not in (None, 1):
            raise ConfigError(
                f"{key}={value} cannot be: each task would train the same run, use 1. With "
                "trainer=ddp a job itself starts a process for each of its node's GPUs; processes "
                "on several nodes are started by torchrun, see conf/trainer/ddp.yaml"
            )


def tell_where(config: DictConfig) -> None:
    """Says where the jobs are if they run without this process."""
    folder: Any = OmegaConf.select(config, "hydra.launcher.submitit_folder")
    if folder is not None:
        logs = Path(folder).parent
        print(f"the jobs run without this command, which waits for them; logs: {logs}", flush=True)


@contextmanager
def launcher_errors() -> Iterator[None]:
    """One message for what a launcher could not do, such as without a cluster."""
    try:
        yield
    except Exception as error:
        names = [frame.f_globals["__name__"] for frame, _ in traceback.walk_tb(error.__traceback__)]
        if not names[-1].startswith(_PACKAGES):
            raise
        hint = "jobs that were queued go on; the same command takes up the others"
        stop(FerError(f"{str(error).strip()}\n{hint}"), status=1)

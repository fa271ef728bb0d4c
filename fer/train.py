"""`python -m fer.train`: one run, or with -m a sweep."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from fer.checks import check_training
from fer.config import command, name_sweep
from fer.sweep import SweepJob, sweep_failed

if TYPE_CHECKING:
    from fer.runs.folder import RunFolder


def main() -> None:
    """Composes `conf/train.yaml` and trains; the exit status tells whether every job finished."""
    name_sweep(sys.argv[1:])
    command("train", run)
    if sweep_failed():
        sys.exit(1)


def run(config: DictConfig) -> None:
    """Trains one configuration, by itself or as a job of a sweep."""
    job = SweepJob.current()
    if job is None:
        checked_training(config)
    else:
        job.run(config, lambda settings: checked_training(settings, job))


def checked_training(config: DictConfig, job: SweepJob | None = None) -> RunFolder:
    """Imports torch and all that only once the configuration is accepted."""
    check_training(config)
    from fer.training import train

    return train(config) if job is None else train(config, job.folder.name, job.number)


if __name__ == "__main__":
    main()

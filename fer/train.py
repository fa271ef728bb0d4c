"""`python -m fer.train`: one run, all folds or trials of it, or with -m a sweep."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from fer.checks import check_training
from fer.checks.processes import check_sweep, torchrun_processes, torchrun_rank
from fer.config import command, name_launch, name_sweep
from fer.settings.launchers import launcher_errors, refuse_launcher
from fer.training.sweep import SweepJob, sweep_failed

if TYPE_CHECKING:
    from fer.runs.folder import RunFolder
    from fer.runs.group import RunGroup


def main() -> None:
    """Composes `conf/train.yaml` and trains; the exit status tells whether every job finished."""
    if torchrun_rank() > 0:  # the first process tells what to train
        from fer.training.worker import main as join

        join()
        return
    name_sweep(sys.argv[1:])
    name_launch()
    try:
        with launcher_errors():
            command("train", run)
    finally:
        if torchrun_processes() is not None:
            from fer.training.distributed import dismiss

            dismiss()
    if sweep_failed():
        sys.exit(1)


def run(config: DictConfig) -> None:
    """Trains one configuration, by itself or as a job of a sweep."""
    job = SweepJob.current()
    if job is None:
        refuse_launcher()
        checked_training(config)
    else:
        job.run(config, lambda settings: checked_training(settings, job))


def checked_training(config: DictConfig, job: SweepJob | None = None) -> RunFolder | RunGroup:
    """Imports torch and all that only once the configuration is accepted."""
    check_training(config)
    if job is not None:
        check_sweep(config, HydraConfig.get().launcher["_target_"])
    from fer.data.readers.places import check_place

    check_place(config)
    if "torch" not in sys.modules and config.trainer.progress != "none":
        print("loading torch", flush=True)  # seconds in which nothing else is heard
    group, number = (None, 0) if job is None else (job.folder.name, job.number)
    if config.trials > 1 or config.protocol.get("fold") == "all":
        from fer.training.repeats import train_repeats

        return train_repeats(config, group, number, wait=job is not None)
    from fer.training.train import train

    return train(config, group, number, wait=job is not None)


if __name__ == "__main__":
    main()

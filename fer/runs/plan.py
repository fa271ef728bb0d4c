"""What the same command does to a run folder that is already there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fer.errors import ConfigError, RunError
from fer.runs.checkpoints import resume_point, stopped_early, where, within_epoch
from fer.runs.folder import RunFolder


@dataclass(frozen=True)
class Plan:
    """What is left to do.

    Attributes:
        action: `start`, `resume`, `test` (trained, not yet tested) or `show` (finished).
        checkpoint: Where `resume` goes on; None begins anew in the same folder.
        content: That checkpoint, opened.
        message: What to tell the user.
    """

    action: str
    checkpoint: Path | None = None
    content: dict[str, Any] | None = None
    message: str | None = None

    @property
    def epochs(self) -> int:
        """Whole epochs that came before what `start` and `resume` do."""
        if not self.content:
            return 0
        return int(self.content["epoch"]) + (not within_epoch(self.content))


@contextmanager
def planned(
    run: RunFolder,
    settings: Mapping[str, Any],
    length_matters: bool,
    tell: Callable[[str], object] | None = None,
) -> Iterator[Plan]:
    """What is to be done, with the run folder locked as long as there is something.

    Args:
        run: The folder of this configuration.
        settings: The configuration.
        length_matters: Whether the learning-rate schedule depends on `max_epochs`.
        tell: Says that another process, which trains this run, is waited for; None: that is an
            error.

    Raises:
        ConfigError: See `plan_run`.
        RunError: See `plan_run`; or another process trains this run.
    """
    moved = None
    if settings["restart"] and run.path.exists():
        with run.lock(tell):  # nobody trains here
            pass
        if run.path.exists() and not _is_of_this_launch(run):
            moved = f"starting over; what was there is kept in {run.move_aside()}"
    plan = plan_run(run, settings, length_matters)
    if plan.action == "show":
        run.tidy()
        yield plan
        return
    with run.lock(tell):  # until when another process may have gone on
        plan = plan_run(run, settings, length_matters)
        yield replace(plan, message=moved or plan.message)


def launch() -> str | None:
    """Id of the command that a user gave; None where this is no command.

    The environment goes along with the jobs of a sweep. So a job that a cluster starts once more,
    with all its settings, has the same; the same command given again has another.
    """
    return os.environ.get("FER_LAUNCH") or None


def _is_of_this_launch(run: RunFolder) -> bool:
    """Whether a run was begun by the command that this is a job of: it has started over.

    Or by the same command before Slurm requeued the script that gives it.
    """
    try:
        before, now = run.status.get("launch") if run.exists() else None, launch()
    except RunError:  # damaged
        return False
    if before is None or now is None:
        return False
    job = now.partition(" ")[2]
    requeued = job != "" and os.environ.get("SLURM_RESTART_COUNT", "0") != "0"
    return bool(before == now or (requeued and str(before).endswith(f" {job}")))


def plan_run(run: RunFolder, settings: Mapping[str, Any], length_matters: bool) -> Plan:
    """Decides between starting, going on and showing.

    Args:
        run: The folder of this configuration.
        settings: The configuration.
        length_matters: Whether the learning-rate schedule depends on `max_epochs`.

    Raises:
        ConfigError: `max_epochs` differs in a way that would make another run of this one.
        RunError: The folder, its checkpoints or its rows cannot be used.
    """
    if not run.exists():
        return Plan("start")
    run.check_format()
    epochs, before = settings["trainer"]["max_epochs"], run.settings["trainer"]["max_epochs"]
    grows = epochs > before
    if epochs != before:
        _check_length(run, before, epochs, settings["scheduler"]["name"], length_matters)
    status = run.status
    if status["state"] == "finished" and not grows:
        return Plan(
            "show", message="this run is finished; nothing is trained (restart=true starts over)"
        )
    if status.get("trained") and not grows:
        return Plan("test", message="training was finished before; only the test is left")
    checkpoint, content, trouble = resume_point(run)
    if checkpoint is not None and stopped_early(content):
        done = status["state"] == "finished"
        epoch = content["epoch"] + 1
        return Plan("show" if done else "test", message=f"training stopped early at epoch {epoch}")
    if trouble is None and checkpoint is not None:
        trouble = f"going on {where(content)}, from {checkpoint}"
    told = trouble or "starting again: no epoch was finished before"
    plan = Plan("resume", checkpoint, content, told)
    run.check_rows(plan.epochs)
    return plan


def _check_length(run: RunFolder, before: int, epochs: int, schedule: str, matters: bool) -> None:
    out = f"keep {before}, or make it another run with tag=<word>, or replace it with restart=true"
    if matters:
        raise ConfigError(
            f"trainer.max_epochs={epochs}: {run.path} was made with {before}, and the learning "
            f"rates of scheduler={schedule} depend on it; {out}"
        )
    if epochs < before:
        raise ConfigError(
            f"trainer.max_epochs={epochs}: {run.path} was made with {before}; it may grow, not "
            f"shrink; {out}"
        )

"""Real training processes that can be killed, started warm so that many can be."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

from tests.end_to_end.commands import environment

LIMIT = 1800.0
"""Seconds after which a process counts as hanging."""


class Training(Protocol):
    """A process of `fer.train`."""

    pid: int

    def ended(self) -> int | None:
        """Its exit status, None while it lives."""


class Cold:
    """`python -m fer.train`, from its first line."""

    def __init__(self, folder: Path, arguments: tuple[str, ...]) -> None:
        with log_of(folder).open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "fer.train", *arguments],
                cwd=folder,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.pid = self.process.pid

    def ended(self) -> int | None:
        return self.process.poll()


class Warm:
    """The same command in a fork of a process that has imported everything."""

    def __init__(self, folder: Path, arguments: tuple[str, ...]) -> None:
        os.environ.update(environment())
        os.environ.pop("WANDB_SERVICE", None)
        self.process: BaseProcess = _forks().Process(target=_train, args=(folder, arguments))
        self.process.start()
        assert self.process.pid is not None
        self.pid = self.process.pid

    def ended(self) -> int | None:
        return self.process.exitcode


def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fer.training.train", "fer.train", "tests.faults.processes"])
    return context


def _train(folder: Path, arguments: tuple[str, ...]) -> None:
    from fer.train import main

    log = os.open(log_of(folder), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1), os.dup2(log, 2)
    os.chdir(folder)
    sys.argv = ["fer.train", *arguments]
    main()


def log_of(folder: Path) -> Path:
    """What all processes in a folder printed."""
    return folder.with_suffix(".log")


def wait_for(training: Training) -> int:
    """Its exit status."""
    until = time.monotonic() + LIMIT
    while (status := training.ended()) is None:
        assert time.monotonic() < until, f"process {training.pid} hangs"
        time.sleep(0.02)
    return status


def kill(training: Training, children: bool) -> None:
    """SIGKILL, with all its children or leaving W&B's process behind."""
    send(training, signal.SIGKILL, children)
    wait_for(training)


def send(training: Training, number: signal.Signals, children: bool) -> None:
    """A signal, to the process alone or, as Slurm does it, to all its children too."""
    family = _descendants(training.pid) if children else []
    for pid in (training.pid, *family):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _descendants(pid: int) -> list[int]:
    """Children, their children, and so on."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found, front = [], [pid]
    while front:
        front = [child for child, parent in parents.items() if parent in front]
        found += front
    return found

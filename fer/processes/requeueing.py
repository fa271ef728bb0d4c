"""A job of a Slurm cluster that must leave: whether Slurm starts it again, and who sees to that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

WARNINGS = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGUSR2") if hasattr(signal, name))
"""With which a scheduler tells that the time limit is near; Windows has none."""


def requeue(asked: int, handlers: Mapping[int, Any]) -> None:
    """Has the job requeued where that is due; what it has done must be written down by then.

    The launcher's own handler of its warning does it, and counts the time limits. It is called for
    SIGTERM, too, if Slurm says that the job is running: pre-empted, it has a time of grace, and
    ending within it would be the end. One that is cancelled or being requeued is not running.

    Args:
        asked: The signal that the process got.
        handlers: Those of others, by signal.
    """
    for warning in WARNINGS:
        handler = handlers.get(warning)
        if callable(handler) and (asked == warning or (asked == signal.SIGTERM and _is_running())):
            try:
                handler(warning, None)
            except SystemExit:  # it has, and the process is to end
                return
            except Exception as error:
                told = f"{error} The same command goes on."
                if getattr(error, "returncode", 0) == -signal.SIGTERM:  # with all else of the job
                    told = "asked for a requeue, and Slurm ended the asking command with the job"
                print(told, file=sys.stderr, flush=True)


def _is_running() -> bool:
    """What Slurm says of this process's job; no where it does not answer."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        return False
    try:
        told = subprocess.run(
            ["squeue", "--noheader", f"--jobs={job}", "--format=%T"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.stdout.strip() == "RUNNING"

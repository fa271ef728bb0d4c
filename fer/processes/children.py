"""Processes that the first process of a training starts on its machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import IO

PATIENCE = 10.0
"""Seconds in which the others end by themselves when the first has ended."""


@dataclass
class _Child:
    rank: int
    process: subprocess.Popen[bytes]
    errors: IO[bytes]


class Children:
    """Starts them, tells how one ended, and ends them."""

    def __init__(self) -> None:
        self.found: list[_Child] = []

    def start(self, rank: int) -> None:
        """Starts one, out of reach of the terminal's Ctrl-C, which the first process passes on."""
        errors = tempfile.TemporaryFile()  # noqa: SIM115
        process = subprocess.Popen(
            [sys.executable, "-m", "fer.training.worker"],
            env=os.environ | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        self.found.append(_Child(rank, process, errors))

    def told_of_ended(self) -> str | None:
        """How one ended, in words; None while all run."""
        for child in self.found:
            status = child.process.poll()
            if status is not None:
                child.errors.seek(0)
                lines = child.errors.read().decode(errors="replace").strip().splitlines()
                how = f"was ended by signal {-status}" if status < 0 else f"ended ({status})"
                why = f": {lines[-1].strip()}" if lines and status > 0 else ""
                return (
                    f"process {child.rank} of this training {how}{why}; the same command goes on "
                    "from the last checkpoint"
                )
        return None

    def told_of_the_first_to_end(self) -> str | None:
        """The same where an end made the first process fail; it may be ending just now."""
        deadline = time.monotonic() + PATIENCE / 2
        told = self.told_of_ended()
        while told is None and self.found and time.monotonic() < deadline:
            time.sleep(0.05)
            told = self.told_of_ended()
        return told

    def end(self, at_once: bool) -> None:
        """Waits for them, and ends those that do not end; none has anything to write down.

        Args:
            at_once: Whether they are asked to, since the first process could not go on.
        """
        deadline = time.monotonic() + PATIENCE
        for child in self.found:
            if at_once:
                child.process.terminate()
        for child in self.found:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
            child.errors.close()

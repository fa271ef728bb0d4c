"""Inputs for all readers, read in one process of its own, and a table of what came of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.fuzzing.worker import REPORT, Row

ROOT = Path(__file__).parents[3]
IN_MEMORY = Path("/dev/shm")


def campaign(count: int, seed: int = 0, only: str = "", keep: Path | None = None) -> list[Row]:
    """Reads so many inputs, shared out among the readers.

    Args:
        count: Of inputs.
        seed: Of what is drawn.
        only: Part of the names of the readers that are tried.
        keep: Receives the inputs that failed, one of each kind.

    Returns:
        A row for each reader; the last one has a failure if it ended the process.
    """
    with _home() as home:
        command = [sys.executable, "-m", "tests.faults.fuzzing.worker", f"--home={home}"]
        command += [f"--count={count}", f"--seed={seed}", f"--only={only}"]
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": paths}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        report = home / REPORT
        if not report.is_file():
            raise RuntimeError(f"the worker did not begin:\n{done.stdout}{done.stderr}")
        rows = [Row(**row) for row in json.loads(report.read_text())]
        if done.returncode:
            rows[-1].failures[f"ended with {done.returncode}: {done.stderr[-2000:]}"] = "."
        if keep is not None and any(row.failures for row in rows):
            # the input that ended the process still lies where it was read
            found = home if done.returncode else home / "kept"
            shutil.copytree(found, keep, dirs_exist_ok=True, symlinks=True)
    return rows


@contextmanager
def _home() -> Iterator[Path]:
    """A folder, in memory where the system has such."""
    place = IN_MEMORY if os.access(IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="fer-fuzz-", dir=place) as folder:
        yield Path(folder)


def table(rows: list[Row]) -> str:
    """The rows for people."""
    lines = [
        f"{'reader':<28}{'inputs':>8}{'accepted':>10}{'refused':>9}{'failed':>8}"
        f"{'worst s':>9}{'MiB':>7}"
    ]
    for row in rows:
        failed = row.inputs - row.accepted - row.refused
        lines.append(
            f"{row.name:<28}{row.inputs:>8,}{row.accepted:>10,}{row.refused:>9,}{failed:>8,}"
            f"{row.seconds:>9.2f}{row.mebibytes:>7,.0f}"
        )
        lines += [
            f"    FAILED {why}\n        kept as {where}" for why, where in row.failures.items()
        ]
    return "\n".join(lines)

"""The real server, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.end_to_end.commands import environment


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Starts `fer.serve` on any free port; gives the address that it prints, and the process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fer.serve", "port=0", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://"), process.stderr.read()
        process.stdout.readline()
        yield address, process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()

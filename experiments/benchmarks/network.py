"""What a training loses to W&B's server: away, stalling, refusing, slow or well, against offline.

    python -m experiments.benchmarks.network [--epochs 6] [--rounds 3] [--timeout 5]

From the repository's root, with the tests' stand-in for the server on loopback. Trainings take
turns. An epoch's seconds are the median of all but each run's first; what is waited for before and
after is the rest of the command's time, less that of the offline run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import wandb

from tests.end_to_end.commands import TINY, here, only_run
from tests.faults.wandb_server import serving

NOBODY = "http://127.0.0.1:9"
"""The port of a service that no machine has any more."""

MOODS = ("offline", "well", "slow", "refuses", "stalls", "500", "403")


@contextmanager
def server(mood: str) -> Iterator[str]:
    """The address of W&B."""
    if mood in ("offline", "refuses"):
        yield NOBODY
    else:
        with serving(mood) as there:
            yield there.url


def timed(mood: str, epochs: int, timeout: float) -> tuple[float, float]:
    """Seconds of an epoch, and of all else that the command does."""
    with tempfile.TemporaryDirectory() as folder, server(mood) as address:
        os.environ |= {"WANDB_BASE_URL": address, "WANDB_API_KEY": "0123456789" * 4, "HOME": folder}
        mode = "offline" if mood == "offline" else "online"
        wandb.setup()  # its process is started by then, which is the machine's time alone
        started = time.perf_counter()
        told = here(
            "train",
            *TINY,
            "data.train=280",
            f"trainer.max_epochs={epochs}",
            f"logger.mode={mode}",
            f"logger.timeout={timeout}",
            folder=Path(folder),
        )
        wandb.teardown()
        whole = time.perf_counter() - started
        if told.status:
            raise SystemExit(told.err)
        seconds = [row["seconds"] for row in only_run(Path(folder)).rows()]
        return median(seconds[1:]), whole - sum(seconds)


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=5.0, help="logger.timeout, in seconds")
    chosen = parser.parse_args()
    timed("offline", 2, chosen.timeout)  # what is done once in a process
    found = [
        {mood: timed(mood, chosen.epochs, chosen.timeout) for mood in MOODS}
        for _ in range(chosen.rounds)
    ]
    epoch = {mood: median(turn[mood][0] for turn in found) for mood in MOODS}
    rest = {mood: median(turn[mood][1] for turn in found) for mood in MOODS}
    print("| server | seconds an epoch | times offline | waited for besides, seconds |")
    print("| --- | --- | --- | --- |")
    for mood in MOODS:
        ratio, more = epoch[mood] / epoch["offline"], rest[mood] - rest["offline"]
        print(f"| {mood} | {epoch[mood]:.2f} | {ratio:.2f} | {more:.1f} |")


if __name__ == "__main__":
    main()

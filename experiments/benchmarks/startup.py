"""Measure how long a command takes that has nothing to train, beside Python importing Hydra.

python experiments/benchmarks/startup.py

Each command runs once to warm the file cache, then five times; the median wall time counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 5
COMMANDS = {
    "python -c 'import hydra'": (["-c", "import hydra"], 0),
    "python -m fer.train --help": (["-m", "fer.train", "--help"], 0),
    "python -m fer.train trainer.monitor=test/accuracy": (
        ["-m", "fer.train", "trainer.monitor=test/accuracy"],
        2,
    ),
}


def seconds(arguments: list[str], status: int, folder: str) -> float:
    """Wall time of one process, which must end with the given exit status."""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True)
    passed = time.perf_counter() - started
    if done.returncode != status:
        raise SystemExit(f"{arguments} ended with {done.returncode}:\n{done.stderr.decode()}")
    return passed


def main() -> None:
    """Prints a row per command: median, fastest and slowest."""
    print(f"{'command':<52}{'median':>9}{'fastest':>9}{'slowest':>9}   (seconds, {ROUNDS} runs)")
    with tempfile.TemporaryDirectory() as folder:
        for name, (arguments, status) in COMMANDS.items():
            seconds(arguments, status, folder)
            times = [seconds(arguments, status, folder) for _ in range(ROUNDS)]
            print(f"{name:<52}{statistics.median(times):9.2f}{min(times):9.2f}{max(times):9.2f}")


if __name__ == "__main__":
    main()

"""Kill trainings and sweeps at drawn moments, start them again, and compare with undisturbed ones.

python experiments/benchmarks/kills.py [--count 50] [--seed 0]
python experiments/benchmarks/kills.py --sweep [--jobs 12] [--count 5]

Small trainings of synthetic faces in processes of their own, W&B offline. They start warm, as forks
of a process that has imported everything, but for those that are killed while they start. Prints at
which moments the kills fell, how often runs were started again, and what did not hold; ends with
exit status 1 where anything did not. With --sweep: a sweep killed with all its children, the same
sweep by two processes at once, and by two of which one dies.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.kills import MOMENTS, Kill, killed_runs, undisturbed
from tests.faults.sweeps import (
    killed_sweep,
    sweep_faults,
    trained_twice,
    two_at_once,
    undisturbed_sweep,
)


def kill_runs(folder: Path, count: int, seed: int) -> bool:
    """Prints a row per moment, and tells whether everything held."""
    reference = undisturbed(folder / "undisturbed")
    kills: list[Kill] = []
    held, finished = True, 0
    for finished, story in enumerate(killed_runs(folder, reference, count, seed), start=1):
        kills += story.kills
        print(f"run {finished}: {len(story.kills)} kills, {'; '.join(story.faults) or 'all held'}")
        held &= not story.faults
    print(f"\n{'moment':<26}{'kills':>6}   how far the run had come")
    for moment in MOMENTS:
        states = Counter(kill.state for kill in kills if kill.moment == moment.name)
        told = ", ".join(f"{state} ({n})" for state, n in states.items())
        print(f"{moment.name:<26}{states.total():>6}   {told}")
    tree = sum(kill.children for kill in kills)
    told = f"{tree} of them with W&B's process; {finished} runs finished"
    print(f"{'in all':<26}{len(kills):>6}   {told}")
    return held


def kill_sweeps(folder: Path, jobs: int, count: int, seed: int) -> bool:
    """Prints a line per sweep, and tells whether everything held."""
    rng = random.Random(seed)
    reference = undisturbed_sweep(folder / "undisturbed", jobs)
    killed = folder / "killed"
    done = killed_sweep(killed, jobs, count, rng)
    faults = {f"killed when {done} of {jobs} were finished": sweep_faults(killed, reference)}
    for name, dies in (("two at once", False), ("two, one of which dies", True)):
        place = folder / name.replace(" ", "_").replace(",", "")
        two_at_once(place, jobs, rng, dies)
        twice = [] if dies else trained_twice(place)
        faults[name] = sweep_faults(place, reference) + [f"trained twice: {run}" for run in twice]
    for name, found in faults.items():
        print(f"{name}: {'; '.join(found) or 'the same results'}")
    return not any(faults.values())


def main() -> None:
    """Runs one of the two in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, help="kills: 50, of a sweep 5")
    parser.add_argument("--seed", type=int, default=0, help="draws moments")
    parser.add_argument("--sweep", action="store_true", help="sweeps instead of single runs")
    parser.add_argument("--jobs", type=int, default=12, help="of the sweep")
    given = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        if given.sweep:
            held = kill_sweeps(Path(name), given.jobs, given.count or 5, given.seed)
        else:
            held = kill_runs(Path(name), given.count or 50, given.seed)
    print(f"{time.perf_counter() - started:.0f} seconds")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()

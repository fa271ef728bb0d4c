"""Accuracy by processor time: what runs had reached after some minutes of one core.

python experiments/benchmarks/budget.py training_benchmark.json --run "model=slim ..." RUN ...

The file is what `training.py networks` wrote; each run folder stands behind the row of it that is
its network, in its precision and layout. An epoch's minutes are computed from that row, so that
other work during the run is not in them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from speed.networks import images_of_an_epoch

from fer.runs.folder import RunFolder

MINUTES = (5, 10, 20)


def line(run: RunFolder, milliseconds: float) -> list[str]:
    """A run's cells: its cost, the best validation accuracy within each budget, its test."""
    epoch = milliseconds * images_of_an_epoch(run.status["counts"]) / 60_000
    reached = [row["validation/accuracy"] for row in run.rows()]
    results = run.results()
    test, (low, high) = results["metrics"]["accuracy"], results["intervals"]["accuracy"]
    cells = [f"{milliseconds:.2f}", f"{len(reached)} epochs, {len(reached) * epoch:.0f} min"]
    for minutes in MINUTES:
        within = reached[: int(minutes / epoch)]
        cells.append(f"{max(within):.3f}" if within else "")
    return [*cells, f"{max(reached):.3f}", f"{test:.3f} ({low:.3f} to {high:.3f})"]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="written by training.py networks")
    parser.add_argument(
        "--run",
        help="a row's words, and a run folder",
        nargs=2,
        action="append",
        metavar=("ROW", "RUN"),
        required=True,
    )
    chosen = parser.parse_args()
    rows = json.loads(chosen.file.read_text(encoding="utf-8"))["rows"]
    costs = {row["what"]: row["value"] for row in rows if row["section"] == "networks"}
    head = ["network", "processor ms an image", "run", *(f"after {m} min" for m in MINUTES)]
    head += ["best validation accuracy", "test accuracy"]
    print(f"| {' | '.join(head)} |\n| {' | '.join('---' for _ in head)} |")
    for what, folder in chosen.run:
        if what not in costs:
            parser.error(f"{chosen.file} has no row {what}: it has {'; '.join(costs)}")
        print(f"| {' | '.join([what, *line(RunFolder.open(folder), costs[what])])} |")


if __name__ == "__main__":
    main()

"""How an epoch's cost grows with the work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from speed.clock import Seconds, median
from speed.measuring import Bench, Row, train_timed

SIZES, BATCHES, DEPTHS = (32, 48, 64, 96), (16, 32, 64, 128), (10, 16, 22, 28)


def measure(bench: Bench) -> list[Row]:
    """Series in which one thing grows, and the exponent that fits each best."""
    most = bench.images or (28_000 if bench.data else 4200)
    series: dict[str, dict[int, tuple[tuple[str, ...], int | None]]] = {
        "images": {most * k // 4: ((), most * k // 4) for k in (1, 2, 4)},
        "pixels": {side**2: ((f"data.size={side}",), None) for side in SIZES},
        "batch": {size: ((f"data.batch_size={size}",), None) for size in BATCHES},
        "depth": {n: (("model=slim", f"model.depth={n}"), None) for n in DEPTHS},
    }
    others = [each for each in bench.overrides if not each.startswith("model")]
    slim = replace(bench, overrides=others)
    rows: list[Row] = []
    for name, points in series.items():
        times: dict[int, list[Seconds]] = {size: [] for size in points}
        for _ in range(bench.rounds):
            for size, (overrides, images) in points.items():
                chosen = slim if name == "depth" else bench
                _, epochs = train_timed(chosen.config(*overrides, images=images))
                times[size] += epochs[1:]
        found = {size: median(taken) for size, taken in times.items()}
        least = found[min(found)]
        rows += [
            Row(
                "growth",
                f"{name} {size:,}",
                taken.wall,
                "s an epoch",
                taken.wall / least.wall,
                taken.busy / least.busy,
                "reference" if size == min(found) else "",
            )
            for size, taken in found.items()
        ]
        walls, busies = (
            np.polyfit(np.log(list(found)), np.log([taken[kind] for taken in found.values()]), 1)[0]
            for kind in (0, 1)
        )
        note = f"seconds grow as {name} to this power; by processor time {busies:.2f}"
        rows.append(Row("growth", f"{name}: fitted exponent", float(walls), "", note=note))
    return rows

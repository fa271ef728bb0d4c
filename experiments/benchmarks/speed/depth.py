"""What freezing saves, stage by stage, and what keeping the frozen trunk's outputs does."""

from __future__ import annotations

from dataclasses import replace

from fer.config import plain
from fer.models.freezing import stages
from fer.training.building import build_model
from speed.clock import Seconds
from speed.measuring import Bench, Row, epoch_rows, opened, train_timed


def measure(bench: Bench) -> list[Row]:
    """Seconds an epoch and the best validation accuracy at every depth, in turn."""
    config = bench.config()
    depths = len(stages(build_model(plain(config), opened(config)).network))
    variants = max(1, (bench.epochs + 1) // 2)
    ways = {f"frozen_stages={depth}": (f"model.frozen_stages={depth}",) for depth in range(depths)}
    whole = f"frozen_stages={depths}"
    ways[whole] = (f"model.frozen_stages={depths}",)
    ways |= {
        f"{whole}, trunk_cache={n}": (*ways[whole], f"model.trunk_cache={n}")
        for n in sorted({1, variants})
    }
    times: dict[str, list[Seconds]] = {way: [] for way in ways}
    best: dict[str, list[float]] = {way: [] for way in ways}
    for seed in range(bench.rounds):
        for way, overrides in ways.items():
            run, epochs = train_timed(bench.config(*overrides, f"seed={seed}"))
            kept = int(way.partition("trunk_cache=")[2] or 1)
            times[way] += epochs[kept:]  # the first make the variants, or warm up
            best[way].append(max(row["validation/accuracy"] for row in run.rows()))
    accuracy = {way: f"validation accuracy {sum(b) / len(b):.3f}" for way, b in best.items()}
    rows = epoch_rows("depth", "s an epoch", times, "frozen_stages=0")
    rows = [
        replace(row, note=", ".join(filter(None, (row.note, accuracy[row.what])))) for row in rows
    ]
    kept = {way: taken for way, taken in times.items() if way.startswith(whole)}
    again = epoch_rows("depth", "s an epoch", kept, whole, "at most 0.1 is wanted")
    return rows + [replace(row, what=f"{row.what}, after it is filled") for row in again[1:]]

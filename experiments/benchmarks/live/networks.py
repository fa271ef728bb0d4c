"""Faces a second through the network alone, by batch."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from speed.clock import Seconds, timed

from fer.recognition.engines import Engine
from fer.recognition.loading import open_engine
from live.turns import Row, Ways, take_turns

BATCHES = (1, 8, 64)
FACES = 256
"""In a turn, whatever the batch."""

TORCH = "torch, eager"


def measure(given: argparse.Namespace, folder: Path) -> list[Row]:
    """Of each engine that is named."""
    named = {
        "onnxruntime, single precision": given.model,
        "onnxruntime, int8": given.int8,
        TORCH: given.torch,
    }
    engines = {name: open_engine(path, given.threads) for name, path in named.items() if path}
    rows = []
    for batch in BATCHES:
        ways: Ways = {name: looking(engine, batch) for name, engine in engines.items()}
        times = take_turns(ways, given.rounds)
        for name, taken in times.items():
            figures = (FACES / taken.wall, FACES / taken.busy, "faces a second")
            line = (f"{name}, {batch} at once", *figures)
            if name == TORCH or TORCH not in times:
                rows.append(Row("batch", *line))
                continue
            base = times[TORCH]
            ratios = (base.wall / taken.wall, base.busy / taken.busy)
            rows.append(Row("batch", *line, *ratios, "its speed to torch's"))
    return rows


def looking(engine: Engine, batch: int) -> Callable[[], Seconds]:
    """How long it takes for all faces."""
    crop = engine.info.crop
    shape = (batch, *crop.size, *((3,) if crop.colour else ()))
    faces: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)

    def look() -> None:
        for _ in range(FACES // batch):
            engine(faces)

    return lambda: timed(look)

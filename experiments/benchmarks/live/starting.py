"""`fer.predict` on one picture, in a fresh process; files come from the disk's cache."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
from speed.clock import Seconds

from fer.detection.yunet_model import find_model
from live import film
from live.turns import Row, take_turns

IMPORTS = "importing its libraries"


def measure(given: argparse.Namespace, folder: Path) -> list[Row]:
    """With both detectors, beside what Python needs to import the libraries."""
    picture = folder / "face.png"
    cv2.imwrite(str(picture), film.frame(film.drawn_faces(), 0))
    predict = ["-m", "fer.predict", f"source={picture}", f"run={given.model.absolute()}"]
    yunet = ["detector=yunet", f"detector_model={find_model(given.yunet).absolute()}"]
    ways = {
        IMPORTS: running("-c", "import cv2, hydra, numpy, onnxruntime, PIL, rich"),
        "fer.predict, one picture, Haar": running(*predict),
        "fer.predict, one picture, YuNet": running(*predict, *yunet),
    }
    times = take_turns(ways, given.rounds)
    base = times[IMPORTS]
    rows = []
    for what, taken in times.items():
        figures = (taken.wall, taken.busy, "s")
        if what == IMPORTS:
            rows.append(Row("start", what, *figures))
        else:
            ratios = (taken.wall / base.wall, taken.busy / base.busy)
            rows.append(Row("start", what, *figures, *ratios, "to the imports; under 2 s"))
    return rows


def running(*arguments: str) -> Callable[[], Seconds]:
    """How long a process of Python takes, and how busy it was."""

    def run() -> Seconds:
        began, before = time.perf_counter(), os.times()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        user = after.children_user - before.children_user
        system = after.children_system - before.children_system
        return Seconds(time.perf_counter() - began, user + system)

    return run

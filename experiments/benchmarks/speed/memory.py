"""Peak anonymous memory of whole trainings, each in a process of its own.

Anonymous memory (`RssAnon` of Linux) leaves out the pages of memory-mapped pixels, which the system
takes back when it needs them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from watched import anonymous_mib

from fer.data.data_sets import DATA_MODULES
from fer.data.faces import SEVEN
from fer.data.modules import FaceDataModule
from fer.data.readers import ListedReader, OnBad, Record
from speed.measuring import Bench, Row

SIDE = 112
SMALL = ("model.backbone=test_resnet", "trainer.max_epochs=1", "data.size=32")
"""The network gets them small: what is measured is their way there."""


def measure(bench: Bench) -> list[Row]:
    """A training as configured, then one over many large colour pictures."""
    wanted = "under 3,072 is wanted"
    first = [sys.executable, "-m", "fer.train", *bench.command_line("trainer.max_epochs=1")]
    line = bench.command_line(*SMALL, "data.channels=3")
    second = [sys.executable, str(Path(__file__).parents[1] / "training.py")]
    second += ["--train-on-noise", str(bench.big), *(f"--set={each}" for each in line)]
    many = f"{bench.big:,} images of {SIDE} x {SIDE} x 3, {bench.big * SIDE**2 * 3 / 1e9:.2f} GB"
    return [
        Row("memory", "a training as configured", peak_mib(first), "MiB", note=wanted),
        Row("memory", many, peak_mib(second), "MiB", note=wanted),
    ]


def peak_mib(command: list[str]) -> float:
    """Runs a command; the most anonymous memory that its process had, looked at every 20 ms."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, anonymous_mib(process.pid))
        time.sleep(0.02)
    if process.returncode:
        assert process.stderr is not None
        raise SystemExit(f"{' '.join(command)} failed:\n{process.stderr.read()}")
    return peak


PARTS = ("training",) * 18 + ("public", "private")


class NoiseReader(ListedReader):
    """Noise in colour, made up one picture at a time: 18 of 20 for training, 1 to validate."""

    name, classes = "noise", SEVEN

    def __init__(self, count: int) -> None:
        self.count = count

    def source_key(self) -> str:
        """All that the pictures depend on."""
        return f"noise {self.count} of {SIDE}"

    def __len__(self) -> int:
        return self.count

    def listed(self, on_bad: OnBad) -> range:
        """The numbers of the pictures."""
        return range(self.count)

    def opener(self) -> NoiseReader:
        """Itself: a number is all it takes."""
        return self

    def __call__(self, number: int, on_bad: OnBad) -> Record:
        """Every picture is another one."""
        image = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        part = PARTS[number // 7 % 20]
        return Record(image=image, label=number % 7, name=f"noise/{number:07d}", part=part)

    def told(self) -> list[Any]:
        """Has nothing to tell."""
        return []


def take_noise(count: int) -> None:
    """From now on `data=synthetic` is noise, written into the cache as every data set is."""

    class Noise(FaceDataModule):
        def reader(self) -> NoiseReader:
            return NoiseReader(count)

    DATA_MODULES["synthetic"] = Noise

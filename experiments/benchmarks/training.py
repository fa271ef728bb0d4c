"""Measure training, as ratios to a named reference of the same run; prints a table, writes JSON.

python experiments/benchmarks/training.py [section ...] [--data fer2013.zip] [--set key=value ...]

Sections: overhead, input, start, depth, memory, settings, growth, networks; all of them where none
is named. What is compared takes turns, so that other work on the machine meets it alike. Synthetic
faces, unless `--data` names FER2013. On a GPU it runs unchanged (`trainer.accelerator=auto`).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # as fer's commands, before torch is imported

import torch
from hydra import compose, initialize_config_dir
from speed import depth, growth, inputs, levers, memory, networks, overhead
from speed.measuring import Bench, Row

import fer.training.train
from fer.config import CONF, resolve

SECTIONS: dict[str, Callable[[Bench], list[Row]]] = {
    "overhead": overhead.measure,
    "input": inputs.measure,
    "start": inputs.measure_start,
    "depth": depth.measure,
    "memory": memory.measure,
    "settings": levers.measure,
    "growth": growth.measure,
    "networks": networks.measure,
}


def main() -> None:
    """Measures the chosen sections."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--data", type=Path, help="FER2013; without it synthetic faces")
    parser.add_argument("--images", type=int, help="training images; all without it")
    parser.add_argument("--epochs", type=int, default=2, help="timed ones, after one that is not")
    parser.add_argument("--rounds", type=int, default=3, help="turns of what is compared")
    parser.add_argument("--big", type=int, default=4000, help="images of the large data set")
    parser.add_argument("--set", action="append", default=[], help="key=value of every training")
    parser.add_argument("--json", type=Path, default=Path("training_benchmark.json"))
    parser.add_argument("--train-on-noise", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if unknown := set(chosen.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}: choose {', '.join(SECTIONS)}")
    if chosen.train_on_noise:
        train_on_noise(chosen.train_on_noise, chosen.set)
        return
    if chosen.data is not None and not chosen.data.exists():
        parser.error(f"--data {chosen.data} is not there")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(
            Path(folder),
            chosen.data and chosen.data.resolve(),
            chosen.images,
            chosen.epochs,
            chosen.rounds,
            chosen.big,
            chosen.set,
        )
        rows: list[Row] = []
        for name in chosen.sections or SECTIONS:
            rows += SECTIONS[name](bench)
            write_json(rows, chosen.json)  # what is measured is kept if a later section fails
    print_table(rows)
    print(f"\n{chosen.json}: the same and the machine, as JSON")


def write_json(rows: list[Row], path: Path) -> None:
    """The rows so far, and the machine."""
    story = {"machine": machine(), "command": sys.argv[1:], "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(story, indent=2) + "\n", encoding="utf-8")


def train_on_noise(count: int, overrides: list[str]) -> None:
    """What the section `memory` starts in a process of its own."""
    memory.take_noise(count)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=[o for o in overrides if not _of_faces(o)])
    fer.training.train.train(resolve(config), tables=False)


def _of_faces(override: str) -> bool:
    """Whether an override chooses the faces that noise stands for."""
    names = ("data=", "data.path=", "data.images_per_class=", "data.train=", "data.validation=")
    return override.startswith((*names, "data.test="))


def machine() -> dict[str, object]:
    """Where it was measured."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg()[0],
        "gpu": gpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def print_table(rows: list[Row]) -> None:
    """Markdown, as in README.md."""
    print("\n| section | what | figure | ratio | by processor time | |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in rows:
        figure = "" if row.value is None else f"{row.value:,.4g} {row.unit}".strip()
        ratios = [f"{r:.3g}" if r is not None else "" for r in (row.ratio, row.busy_ratio)]
        print(f"| {row.section} | {row.what} | {figure} | {' | '.join(ratios)} | {row.note} |")


if __name__ == "__main__":
    main()

"""Measure recognition, as ratios to named references of the same run; prints a table, writes JSON.

python experiments/benchmarks/recognition.py [section ...] [--model <file>] [--int8 <file>]
    [--torch <run folder>] [--data fer2013.zip] [--package <folder>]

Sections: video, batch, start; all of them where none is named. A video of 640 x 480 with one face
is decoded, searched (YuNet), cut, classified and drawn: against decoding and searching alone,
against Haar with ResNet18 in eager torch, as in sheng2024, and, where `--package` names a folder in
which pip makes an environment of its own, against the PyPI package `fer`. What is compared takes
turns, so that other work on the machine meets it alike.
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

import cv2
import torch
from live import networks, starting, video
from live.turns import Row

from fer.recognition.loading import SHIPPED, open_engine

SECTIONS: dict[str, Callable[[argparse.Namespace, Path], list[Row]]] = {
    "video": video.measure,
    "batch": networks.measure,
    "start": starting.measure,
}


def main() -> None:
    """Measures the chosen sections."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--model", type=Path, default=SHIPPED, help="exported; else the shipped")
    parser.add_argument("--int8", type=Path, help="the same model, exported with quantize=int8")
    parser.add_argument("--torch", type=Path, help="the same model: run folder or .safetensors")
    parser.add_argument("--data", type=Path, help="FER2013, for real faces; else drawn ones")
    parser.add_argument("--yunet", type=Path, help="YuNet's model file; else as for fer.predict")
    parser.add_argument("--package", type=Path, help="a folder for PyPI's fer, made if needed")
    parser.add_argument("--frames", type=int, default=90)
    parser.add_argument("--rounds", type=int, default=5, help="turns of what is compared")
    parser.add_argument("--threads", type=int, default=cores, help="of every library")
    parser.add_argument("--json", type=Path, default=Path("recognition_benchmark.json"))
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}: choose {', '.join(SECTIONS)}")
    for name in ("model", "int8", "torch", "data", "yunet"):
        path = getattr(given, name)
        if path is not None and not path.exists():
            parser.error(f"--{name} {path} is not there")
    cv2.setNumThreads(given.threads)
    torch.set_num_threads(given.threads)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in given.sections or SECTIONS:
            rows += SECTIONS[name](given, Path(folder))
            write_json(rows, given)  # what is measured is kept if a later section fails
    print_table(rows)
    print(f"\n{given.json}: the same and the machine, as JSON")


def write_json(rows: list[Row], given: argparse.Namespace) -> None:
    """The rows so far, the model and the machine."""
    told = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "threads": given.threads,
            "load": os.getloadavg()[0],
            "python": platform.python_version(),
            "opencv": cv2.__version__,
            "torch": torch.__version__,
        },
        "model": open_engine(given.model).info.story.get("run", given.model.name),
        "command": sys.argv[1:],
        "rows": [asdict(row) for row in rows],
    }
    given.json.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def print_table(rows: list[Row]) -> None:
    """Markdown, as in README.md."""
    print("\n| section | what | by the clock | ratio | by processor time | ratio | |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        cells = []
        for value, ratio in ((row.value, row.ratio), (row.busy_value, row.busy_ratio)):
            figure = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
            cells += [f"{figure} {row.unit}", "" if ratio is None else f"{ratio:.2f}"]
        print(f"| {row.section} | {row.what} | {' | '.join(cells)} | {row.note} |")


if __name__ == "__main__":
    main()

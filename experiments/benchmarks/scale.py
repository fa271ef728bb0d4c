"""Measure how preparing and reading a data set of pictures grows with its faces.

python experiments/benchmarks/scale.py [--faces 12500 25000 50000 100000] [--side 112] [--gray]

Every number of faces is a folder of JPEG files, most of them links to 448 drawn ones, so that only
the cache takes room: the default needs 4 GB, which are freed. Each step runs in a process of its
own. Then the largest cache is read in batches of 64, in training's exact order and in windows, by a
process that may use `--memory` MiB, page cache included (a control group; needs root), after the
files have left the page cache (`posix_fadvise`). Prints tables, fits power laws, extrapolates, and
writes `scale.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from watched import apart, bounded_group, busy_seconds, bytes_read, forget, peaks

from fer.data.cache import open_faces
from fer.data.cache_processes import cores
from fer.data.faces import SEVEN
from fer.data.readers.folder import FolderReader
from fer.data.readers.preparing import WholePicture

DISTINCT = 448
"""Pictures that are drawn; the others are links to them."""

LARGE = {"AffectNet": 450_000, "10 M faces": 10_000_000}
BATCH = 64


def make_pictures(folder: Path, faces: int, side: int, gray: bool) -> None:
    """A folder of class folders; `faces` files, sorted by class as data sets usually are."""
    from fer.data.synthetic import draw_face

    rng, drawn = np.random.default_rng(0), []
    for name in SEVEN:
        (folder / name).mkdir(parents=True)
    for number in range(faces):
        path = folder / SEVEN[number * len(SEVEN) // faces] / f"{number:08d}.jpg"
        if number < DISTINCT:
            image = draw_face(0, number, side).image
            if not gray:
                image = (image[..., None] * rng.uniform(0.6, 1.0, 3)).astype(np.uint8)
            Image.fromarray(image).save(path, quality=90)
            drawn.append(path)
        else:
            path.hardlink_to(drawn[number % DISTINCT])


def reader(folder: Path, side: int, gray: bool) -> FolderReader:
    """What reads that folder."""
    return FolderReader(folder, WholePicture(side, side, colour=not gray))


def prepare(
    answer: Connection, source: Path, cache: Path, side: int, gray: bool, processes: int
) -> None:
    """Makes the cache, or opens it where it is there."""
    with peaks() as memory:
        started, busy = time.perf_counter(), busy_seconds()
        read = reader(source, side, gray)
        read.source_key()
        listed = time.perf_counter() - started
        faces = open_faces(read, cache, progress=False, processes=processes)
        wall, busy = time.perf_counter() - started, busy_seconds() - busy
    answer.send({"listing": listed, "seconds": wall, "busy": busy, **memory, "faces": len(faces)})


def read_epoch(
    answer: Connection, source: Path, cache: Path, side: int, gray: bool, how: dict[str, Any]
) -> None:
    """Reads batches as training does, with a bounded memory and a cold page cache."""
    from fer.data.loading import Batches  # brings torch, whose memory is not bounded

    faces = open_faces(reader(source, side, gray), cache, progress=False)
    seed = None if how["order"] == "stored" else 0
    window = how["window"] if how["order"] == "windows" else None
    batches = Batches(np.arange(len(faces)), BATCH, seed, window=window)
    forget(cache)
    if how["group"]:
        Path(how["group"], "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")
    before, started = bytes_read(), time.perf_counter()
    read = 0
    for indices in batches:
        read += len(np.asarray(faces.images[indices]))
        if read >= how["reads"] or time.perf_counter() - started > how["seconds"]:
            break
    wall = time.perf_counter() - started
    size = read * int(np.prod(faces.images.shape[1:]))
    answer.send({"faces_per_second": read / wall, "amplification": (bytes_read() - before) / size})


def exponent(rows: list[dict[str, Any]], key: str) -> tuple[float, float]:
    """Of the power law `factor * faces ** exponent` that fits best: factor and exponent."""
    pairs = np.log([(row["faces"], max(row[key], 1e-9)) for row in rows])
    power, factor = np.polyfit(pairs[:, 0], pairs[:, 1], 1)
    return float(np.exp(factor)), float(power)


def linear(rows: list[dict[str, Any]], key: str, faces: int) -> float:
    """What a straight line through the measurements says of so many faces."""
    slope, start = np.polyfit([row["faces"] for row in rows], [row[key] for row in rows], 1)
    return float(start + slope * faces)


def measure_growth(chosen: argparse.Namespace, home: Path) -> list[dict[str, Any]]:
    """A row for each number of faces; the last one's files stay."""
    rows: list[dict[str, Any]] = []
    for faces in sorted(chosen.faces):
        for old in ("pictures", "cache"):
            shutil.rmtree(home / old, ignore_errors=True)
        make_pictures(home / "pictures", faces, chosen.side, chosen.gray)
        what = (home / "pictures", home / "cache", chosen.side, chosen.gray, chosen.processes)
        row = apart(prepare, *what)
        size = sum(path.stat().st_size for path in (home / "cache").glob("*/*"))
        again = apart(prepare, *what)
        more = {"gigabytes": size / 1e9, "opening": again["seconds"] - again["listing"]}
        rows.append({**row, **more, "opening_mib": again["main"]})
        print(f"{faces:,} faces: {row['seconds']:.1f} s", file=sys.stderr, flush=True)
    return rows


def measure_reading(chosen: argparse.Namespace, home: Path) -> list[dict[str, Any]]:
    """A row for each order, over the largest cache."""
    rows = []
    for kind in ("stored", "windows", "exact"):
        with bounded_group(chosen.memory) as group:
            how = {
                "order": kind,
                "window": chosen.window,
                "group": group and str(group),
                "reads": max(chosen.faces),
                "seconds": chosen.seconds,
            }
            what = (home / "pictures", home / "cache", chosen.side, chosen.gray, how)
            rows.append({"order": kind, "bounded": bool(group), **apart(read_epoch, *what)})
    return rows


def main() -> None:
    """Measures, prints, and writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, nargs="+", default=[12_500, 25_000, 50_000, 100_000])
    parser.add_argument("--side", type=int, default=112, help="of the pictures, in pixels")
    parser.add_argument("--gray", action="store_true", help="one channel; else three")
    parser.add_argument("--processes", type=int, default=cores(), help="that read pictures")
    parser.add_argument("--memory", type=int, default=2048, help="MiB for the reading process")
    parser.add_argument("--window", type=int, default=16384, help="data.shuffle_window")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each order at most")
    parser.add_argument("--folder", type=Path, help="on the disk to measure; the system's without")
    parser.add_argument("--json", type=Path, default=Path("scale.json"))
    chosen = parser.parse_args()
    if min(chosen.faces) < DISTINCT or len(set(chosen.faces)) < 2:
        parser.error(f"--faces: two numbers or more, from {DISTINCT}")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as home:
        growth = measure_growth(chosen, Path(home))
        reading = measure_reading(chosen, Path(home))
    kinds = ("seconds", "busy", "main", "others", "gigabytes", "listing", "opening", "opening_mib")
    fits = {key: exponent(growth, key) for key in kinds}
    story = {"chosen": {k: str(v) for k, v in vars(chosen).items()}, "growth": growth}
    story |= {"fits": fits, "reading": reading}
    chosen.json.write_text(json.dumps(story, indent=2) + "\n", encoding="utf-8")
    print_tables(growth, fits, reading)
    print(f"\n{chosen.json}: the same as JSON")


def print_tables(
    growth: list[dict[str, Any]],
    fits: dict[str, tuple[float, float]],
    reading: list[dict[str, Any]],
) -> None:
    """Markdown, as in scaling.md."""
    head = ("faces", "listing, s", "in all, s", "processor, s", "main process, MiB")
    head += ("the others together, MiB", "cache, GB", "opening, s", "opening, MiB")
    keys = ("listing", "seconds", "busy", "main", "others", "gigabytes", "opening", "opening_mib")
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for row in growth:
        print(f"| {row['faces']:,} | " + " | ".join(f"{row[key]:.4g}" for key in keys) + " |")
    print("| exponent | " + " | ".join(f"{fits[key][1]:.2f}" for key in keys) + " |")
    for name, faces in LARGE.items():
        cells = " | ".join(f"{linear(growth, key, faces):,.4g}" for key in keys)
        print(f"| {name}, on a straight line | {cells} |")
    print(
        "\n| order | faces a second | bytes from the disk for each byte used |\n| --- | --- | --- |"
    )
    for row in reading:
        bound = "" if row["bounded"] else ", memory not bounded"
        figures = f"{row['faces_per_second']:,.0f} | {row['amplification']:.2f}"
        print(f"| {row['order']}{bound} | {figures} |")


if __name__ == "__main__":
    main()

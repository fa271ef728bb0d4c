"""Measure the cache: seconds to make it from the zip, the folder and the table, memory, opening.

python experiments/benchmarks/cache.py path/to/fer2013.zip

Unpacks the zip and writes a table with the same pixels into a temporary folder. Each step runs in
a process of its own, so that the peaks of memory do not mix; memory is anonymous memory (RssAnon),
since touched pages of a memory map belong to the page cache.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
import zipfile
from pathlib import Path

from watched import peaks

from fer.data.cache import open_faces
from fer.data.readers.fer2013 import Fer2013Reader
from fer.data.readers.fer2013_csv import USAGES


def measure(source: Path, cache_dir: Path, what: str) -> None:
    """Open a source, made first if its cache is not there, and print time and memory."""
    with peaks() as peak:
        started = time.perf_counter()
        faces = open_faces(Fer2013Reader(source), cache_dir, progress=False)
        seconds = time.perf_counter() - started
    print(
        f"{what:<26}{seconds:9.3f} s{peak['main']:9.0f} MiB  {type(faces.images).__name__} "
        f"{faces.images.shape} {faces.fingerprint[:12]}",
        flush=True,
    )


def unpack(source: Path, folder: Path) -> None:
    """Unpack the zip."""
    with zipfile.ZipFile(source) as archive:
        archive.extractall(folder)


def write_table(source: Path, cache_dir: Path, table: Path) -> None:
    """Write the faces of a source as `fer2013.csv`."""
    faces = open_faces(Fer2013Reader(source), cache_dir, progress=False)
    assert faces.part is not None
    usage = {part: name for name, part in USAGES.items()}
    with table.open("w", encoding="ascii") as file:
        file.write("emotion,pixels,Usage\n")
        for image, label, part in zip(faces.images, faces.labels, faces.part, strict=True):
            pixels = " ".join(map(str, image.ravel().tolist()))
            file.write(f"{label},{pixels},{usage[str(part)]}\n")


def main() -> None:
    """Run each step in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zip", type=Path)
    source = parser.parse_args().zip
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as temporary:
        cache_dir = Path(temporary, "cache")
        table = Path(temporary, "fer2013.csv")
        folder = Path(temporary, "fer2013")
        for target, arguments in (
            (measure, (source, cache_dir, "making it from the zip")),
            (measure, (source, cache_dir, "opening it")),
            (unpack, (source, folder)),
            (measure, (folder, cache_dir, "making it from the folder")),
            (measure, (folder, cache_dir, "opening it")),
            (write_table, (source, cache_dir, table)),
            (measure, (table, cache_dir, "making it from the CSV")),
            (measure, (table, cache_dir, "opening it")),
        ):
            process = fresh.Process(target=target, args=arguments)
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)


if __name__ == "__main__":
    main()

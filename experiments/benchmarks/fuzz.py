"""Damaged and hostile files for every reader: is each refused in one message, or read right?

    python experiments/benchmarks/fuzz.py [--count 20000] [--seed 0] [--only ONNX] [--keep <folder>]

Real files, small, are damaged by Hypothesis: bytes, words, values, shapes, entries of archives,
missing files, links. One process reads them all. An input fails where anything but a `FerError`
comes out, or reading takes over 10 s or 2 GiB, writes anywhere but into the cache or the run
folder, starts a process, opens a pickle or calls the network. Ends with exit status 1 if one does;
`--keep` then holds the first input of each kind. Needs Linux and the extra [dev].
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Reads all inputs and prints a row per reader."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="part of the names of the readers to try")
    parser.add_argument("--keep", type=Path, help="folder for inputs that fail")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))  # the readers' files are those of the tests
    from tests.faults.fuzzing.campaign import campaign, table

    began = time.monotonic()
    rows = campaign(given.count, given.seed, given.only, given.keep)
    inputs, failed = sum(row.inputs for row in rows), sum(len(row.failures) for row in rows)
    print(table(rows))
    slowest, most = max(row.seconds for row in rows), max(row.mebibytes for row in rows)
    print(
        f"{inputs:,} inputs in {time.monotonic() - began:.0f} s, {failed} kinds of failure; "
        f"worst {slowest:.2f} s and {most:,.0f} MiB"
    )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

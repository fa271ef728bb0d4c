"""The one process that reads all inputs: `python -m tests.faults.fuzzing.worker`."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import shutil
import sys
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fer.errors import FerError
from tests.faults.fuzzing.target import Bench, Target
from tests.faults.fuzzing.watch import MEBIBYTES, SECONDS, TooSlowError, Watch

MODULES = ("data_sets", "run_folders", "models", "settings")
REPORT = "report.json"


@dataclass
class Row:
    """What came of a target's inputs.

    Attributes:
        name: Of the target.
        inputs: How many were read.
        accepted: Those that gave a right result.
        refused: Those that ended in a `FerError`.
        seconds: Of the slowest.
        mebibytes: Peak memory of the process, over all its inputs.
        failures: Kind of failure to the folder in which its first input is kept.
    """

    name: str
    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    seconds: float = 0.0
    mebibytes: float = 0.0
    failures: dict[str, str] = field(default_factory=dict)


def targets() -> list[Target]:
    """All readers; imported late, since some of them bring torch."""
    found: list[Target] = []
    for name in MODULES:
        module = importlib.import_module(f"tests.faults.fuzzing.{name}")
        found += getattr(module, name.upper())
    return found


def fuzz(bench: Bench, watch: Watch, count: int, number: int, kept: Path) -> Row:
    """Reads so many inputs of one target.

    Args:
        bench: The target's files.
        watch: Of this process.
        count: How many inputs.
        number: Seed of the draws.
        kept: Where inputs that fail are kept, one of each kind.
    """
    row = Row(bench.target.name)

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def each(data: Any) -> None:
        if row.inputs >= count:  # Hypothesis may ask for a few more
            return
        bench.damage(data.draw)
        row.inputs += 1
        why = read(bench, watch, row)
        if why is not None and why not in row.failures:
            place = kept / f"{bench.target.name}-{len(row.failures)}".replace(" ", "-")
            shutil.copytree(bench.folder, place, symlinks=True)
            row.failures[why] = place.name
        bench.restore()

    each()
    return row


def read(bench: Bench, watch: Watch, row: Row) -> str | None:
    """Reads one input; says in which way that failed, if it did."""
    why: str | None = None
    try:
        with watch.input():
            bench.target.read(bench.folder, bench.cache)
        row.accepted += 1
    except FerError:
        row.refused += 1
    except (Exception, TooSlowError) as error:
        why = f"{type(error).__name__} at {_place(error)}"
    row.seconds = max(row.seconds, watch.seconds)
    row.mebibytes = max(row.mebibytes, watch.mebibytes)
    if watch.seconds >= SECONDS:
        why = why or f"longer than {SECONDS} s"
    if watch.mebibytes > MEBIBYTES:
        why = f"memory: {watch.mebibytes:,.0f} MiB"
    if watch.breaches:
        why = f"breach: {watch.breaches[0]}"
    return why


def _place(error: BaseException) -> str:
    """The last line of fer's own that an error came through, and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"{os.sep}fer{os.sep}" in frame.filename]
    told = [*own[-1:], frames[-1]]
    words = str(error).splitlines() or [""]
    return " <- ".join(f"{Path(f.filename).name}:{f.lineno}" for f in told) + f" ({words[0]:.80})"


def write_report(home: Path, rows: list[Row]) -> None:
    """For the process that started this one."""
    (home / REPORT).write_text(json.dumps([asdict(row) for row in rows]))


def main() -> None:
    """Writes a report; its last row is of the target that ended the process, if one did."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    sys.dont_write_bytecode = True
    warnings.simplefilter("ignore")
    home = asked.home.resolve()
    os.environ["HOME"] = str(home / "user")
    (home / "user").mkdir()
    os.chdir(home / "user")
    chosen = [target for target in targets() if asked.only in target.name]
    whole, rows, told = sum(target.share for target in chosen), [], io.StringIO()
    benches = []
    with redirect_stdout(told), redirect_stderr(told):
        for number, target in enumerate(chosen):
            bench = Bench(target, home / str(number))
            target.read(bench.folder, bench.cache)  # what is whole must be read
            bench.restore()
            benches.append(bench)
    allowed = [home / "user", *(bench.cache for bench in benches)]
    allowed += [bench.folder for bench in benches if bench.target.writes]
    watch = Watch(allowed)
    for bench in benches:
        write_report(home, [*rows, Row(bench.target.name)])
        count = max(1, round(asked.count * bench.target.share / whole))
        with redirect_stdout(told), redirect_stderr(told):
            rows.append(fuzz(bench, watch, count, asked.seed, home / "kept"))
        told.truncate(0)
    write_report(home, rows)


if __name__ == "__main__":
    main()

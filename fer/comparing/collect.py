"""From what the user named to rows: reads, checks, gathers seeds, gives names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer.comparing.folders import LeftOut, find, group_members
from fer.comparing.folds import pool
from fer.comparing.rows import Row, gather
from fer.comparing.runs import TestedRun, UnfinishedError, read_group, read_run
from fer.comparing.settings import compared, row_names
from fer.errors import ConfigError, RunError
from fer.evaluation.cautions import MARK, marked

Part = tuple[tuple[TestedRun, ...], Path, dict[str, Any] | None]


@dataclass(frozen=True)
class Collected:
    """What can be compared, and what cannot.

    Attributes:
        rows: One for each run, or for runs that differ in fold and seed alone.
        left_out: What was named and is in no table.
    """

    rows: list[Row]
    left_out: list[LeftOut]


def collect(named: Sequence[str]) -> Collected:
    """Reads all runs behind the words; what cannot be used is told, never compared.

    Folds that were trained apart are pooled where all are there.
    """
    found = find(named)
    left_out, alone = list(found.left_out), list(found.runs)
    parts: list[Part] = []
    for path in found.groups:
        try:
            story = read_group(path)
            runs = tuple(read_run(member) for member in group_members(path))
            if not runs:
                raise RunError(f"{path} names no run: the same command trains them")
            parts.append((runs, path, story))
        except RunError as error:
            left_out.append(_left_out(path, error))
            alone += [member for member in group_members(path) if member not in alone]
    known = {_identity(run): run for runs, _, _ in parts for run in runs}
    single = []
    for path in alone:
        try:
            run = read_run(path)
        except RunError as error:
            left_out.append(_left_out(path, error))
            continue
        first = known.setdefault(_identity(run), run)
        if first is run:
            single.append(run)
        else:
            why = f"its configuration and every prediction are those of {first.path}"
            left_out.append(LeftOut(str(path), "copy", why))
    pooled = pool(single)
    left_out += [_left_out(run.path, error) for run, error in pooled.damaged]
    parts += [(runs, runs[0].path, group) for runs, group in pooled.groups]
    parts += [(runs, runs[0].path, None) for runs in gather(pooled.single)]
    settings = [runs[0].settings for runs, _, _ in parts]
    folders = [path for _, path, _ in parts]
    rows = []
    for name, (runs, path, group) in zip(row_names(settings, folders), parts, strict=True):
        row = Row(name, runs, path, group)
        rows.append(Row(marked(name, row.cautions), runs, path, group))
    return Collected(rows, left_out)


def _identity(run: TestedRun) -> str:
    """Of two runs the same where one is a copy of the other."""
    same = [run.answers, run.seed, run.fold, compared(run.settings)]
    return json.dumps(same, sort_keys=True, default=str)


def find_baseline(collected: Collected, named: str | None) -> Row | None:
    """The row that the user named by its folder, the folder's name, or its own.

    Raises:
        ConfigError: No row, or more than one, is so called, or it was left out.
    """
    if named is None:
        return None
    rows = collected.rows
    path = Path(named).expanduser().resolve()
    fits = [
        row
        for row in rows
        if path in (row.path, *(run.path for run in row.runs))
        or named in (row.path.name, row.name, row.name.removesuffix(MARK))
    ]
    fits = fits or [row for row in rows if row.settings["model.name"] == named]
    if len(fits) == 1:
        return fits[0]
    for each in collected.left_out:
        if not fits and named in (each.name, Path(each.name).name):
            raise ConfigError(f"baseline={named} is left out ({each.state}): {each.why}")
    known = ", ".join(f"{row.path} ({row.name})" for row in fits or rows)
    raise ConfigError(
        f"baseline={named} names {'several' if fits else 'none'} of the runs: give one of {known}"
    )


def _left_out(path: Path, error: RunError) -> LeftOut:
    state = error.state if isinstance(error, UnfinishedError) else "damaged"
    return LeftOut(str(path), state, str(error))

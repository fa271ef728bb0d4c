"""Which run folders and groups of runs the words of the command line stand for."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fer.errors import RunError
from fer.runs.folder import GROUP_TABLE, RunFolder, runs_of_group
from fer.runs.json_files import read_json


@dataclass(frozen=True)
class LeftOut:
    """What was named and is in no table.

    Attributes:
        name: The folder, or the word as it was given.
        state: `running`, `cut off`, `interrupted`, `failed`, `damaged`, `copy` or `not found`.
        why: A sentence.
    """

    name: str
    state: str
    why: str


@dataclass
class Found:
    """What the words stand for, each folder once, in the order of the words.

    Attributes:
        runs: Run folders that no group of `groups` has.
        groups: Folders of several runs of one configuration.
        left_out: Words and jobs that name no run.
    """

    runs: list[Path] = field(default_factory=list)
    groups: list[Path] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def find(named: Sequence[str]) -> Found:
    """Looks for runs behind folders and patterns.

    A folder is a run, a group of folds or trials, a sweep (its jobs say which runs), or holds such
    one or two levels down, as an experiment's folder does.

    Args:
        named: Folders, and patterns of `glob`; a folder that exists is never taken as a pattern.
    """
    found = Found()
    for word in named:
        path = Path(word).expanduser()
        if path.exists():
            folders, why = [path], "holds no run: neither a run folder nor a folder of such"
        elif glob.has_magic(word):
            matches = glob.iglob(str(path), recursive=True)  # noqa: PTH207  absolute ones, too
            folders = [Path(match) for match in sorted(matches)]
            why = "this pattern matches no run"
        else:
            folders, why = [], "there is no such folder"
        jobs_lost = len(found.left_out)
        known = [each for folder in folders for each in _expand(folder, found.left_out)]
        for each in known:
            kind = found.groups if _is_group(each) else found.runs
            if each not in kind:
                kind.append(each)
        if not known and len(found.left_out) == jobs_lost:
            found.left_out.append(LeftOut(word, "not found", why))
    members: set[Path] = set()
    for group in list(found.groups):
        try:
            members.update(group_members(group))
        except RunError as error:
            found.groups.remove(group)
            found.left_out.append(LeftOut(str(group), "damaged", str(error)))
    found.runs = [run for run in found.runs if run not in members]
    return found


def group_members(group: Path) -> list[Path]:
    """The run folders of a group, which lie beside it."""
    return [group.parent / name for name in runs_of_group(group)]


def _is_group(path: Path) -> bool:
    return (path / GROUP_TABLE).is_file()


def _was_run(path: Path) -> bool:
    """Whether it is a run folder, or what is left of one, to be told as damaged."""
    return any((path / name).is_file() for name in ("status.json", "config.yaml"))


def _expand(path: Path, left_out: list[LeftOut]) -> Iterator[Path]:
    """Runs and groups, resolved, that a folder is, names or holds."""
    if not path.is_dir():
        return
    path = path.resolve()
    if _is_group(path) or _was_run(path):
        yield path
    elif (path / "jobs").is_dir():
        yield from _jobs(path, left_out)
    else:
        yield from _below(path, levels=2)


def _below(path: Path, levels: int) -> Iterator[Path]:
    for child in sorted(path.iterdir()):
        if not child.is_dir() or ".before-" in child.name:
            continue
        if _is_group(child) or _was_run(child):
            yield child
        elif levels > 1:
            yield from _below(child, levels - 1)


def _jobs(sweep: Path, left_out: list[LeftOut]) -> Iterator[Path]:
    """The runs of a sweep, wherever the outputs lie now; jobs that left none are told."""
    for record in sorted((sweep / "jobs").glob("*.json")):
        try:
            job = read_json(record)
            name = f"{sweep.name}, job {job['number']} ({' '.join(job['overrides'])})"
            status, folder, error = str(job["status"]), job.get("folder"), job.get("error")
            if not all(isinstance(each, (str, type(None))) for each in (folder, error)):
                raise ValueError
        except (OSError, ValueError, KeyError, TypeError):
            left_out.append(LeftOut(str(record), "damaged", "this record of a job is damaged"))
            continue
        if folder is None:
            why = error or "it left no finished run"
            left_out.append(LeftOut(name, status, " ".join(why.split())))
            continue
        run = sweep.parent.parent / Path(folder).parent.name / Path(folder).name
        if _is_group(run) or RunFolder(run).exists():
            yield run
        else:
            left_out.append(LeftOut(name, "not found", f"its run folder {run} is not there"))

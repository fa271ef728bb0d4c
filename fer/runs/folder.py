"""A run folder: what a training leaves behind, and all that other commands need."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from fer.errors import RunError
from fer.processes.locking import Lock, is_silent, locked
from fer.runs.epoch_rows import find_rows, read_rows, write_rows
from fer.runs.json_files import Told, read_object, read_results
from fer.runs.settings_file import read_settings
from fer.writing import remove_parts, write_text

FORMAT = 1
"""Raised when a change makes older run folders unreadable."""

GROUP_TABLE = "repeats.csv"
"""A row per run of a group: every fold, every trial. No run folder has one."""

LONGEST_NAME = 255
"""Bytes that a folder's name may have on the usual file systems."""

LOCK = ".lock"
"""In a run folder while a process trains there."""

STATUS_LOCK = ".status.lock"
"""There for the moment in which a process writes `status.json`: one that trains, or evaluates."""

ANSWERED = "test_milliseconds_per_face"
"""In `status.json`: how long the test took, null until `test/predictions.csv` holds its answers."""


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class RunFolder:
    """Reads and writes one run folder.

    Args:
        path: The folder; it need not exist yet.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.checkpoints = self.path / "checkpoints"
        self.best = self.checkpoints / "best.ckpt"
        self.last = self.checkpoints / "last.ckpt"
        self.middle = self.checkpoints / "middle.ckpt"
        self.metrics = self.path / "metrics.csv"
        self.split = self.path / "split.npz"
        self.validation = self.path / "validation"
        self.calibration = self.validation / "calibration.json"
        self.calibration_of_one_view = self.validation / "calibration_of_one_view.json"
        self.test = self.path / "test"
        self.figures = self.path / "figures"
        self.made: str | None = None
        self.held: Lock | None = None

    @staticmethod
    def open(path: Path | str) -> RunFolder:
        """An existing run folder.

        Raises:
            RunError: There is none, or another version of fer made it.
        """
        run = RunFolder(path)
        if not run.exists():
            if several := runs_of_group(run.path):
                raise RunError(
                    f"{path} is a group of {len(several)} runs: name one of them, in "
                    f"{run.path.parent}: {', '.join(several)}"
                )
            raise RunError(f"{path} is no run folder: it has no status.json and config.yaml")
        run.check_format()
        return run

    def exists(self) -> bool:
        """Whether a training has begun here."""
        try:
            return (self.path / "status.json").is_file() and (self.path / "config.yaml").is_file()
        except OSError:  # no name that a file can have
            return False

    def check_format(self) -> None:
        """Refuses a folder of another version."""
        found = self.status.get("format")
        if found != FORMAT:
            raise RunError(
                f"{self.path} was made by another version of fer (format {found}, this one reads "
                f"{FORMAT}): use that version, or train again with restart=true"
            )

    @property
    def config(self) -> DictConfig:
        """The resolved configuration."""
        return OmegaConf.create(read_settings(self.path / "config.yaml"))

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration as plain values; to ask for what it lacks is a RunError."""
        path = self.path / "config.yaml"
        return Told(read_settings(path), path)

    @property
    def status(self) -> dict[str, Any]:
        """What `status.json` says."""
        return read_object(self.path / "status.json")

    def create(self, settings: Mapping[str, Any], **status: Any) -> None:
        """Makes the folder and its first files, or writes them anew where a run goes on.

        The status is first: a kill in between leaves a folder that does not count yet, or a run
        that is no longer finished, with its settings from before, of which the growth is left.
        """
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.made = status.get("wandb_id")
        write_text(self.path / "status.json", json.dumps({"format": FORMAT, **status}, indent=2))
        write_text(self.path / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(dict(settings))))

    def is_own(self) -> bool:
        """Whether the folder that this process wrote is still there, and still this process's."""
        return self._is_same() and (self.held is None or self.held.is_held())

    def check_own(self) -> None:
        """Refuses to write on where the folder is gone, or another training has it.

        Raises:
            RunError: It was deleted, moved or replaced, or its lock was.
        """
        if not self._is_same():
            raise RunError(
                f"{self.path} was deleted, moved or replaced while this process wrote into it: put "
                "it back and run the same command to go on, or run it to begin again"
            )
        if not self.is_own():
            raise RunError(
                f"{self.path} is no longer locked by this process: its lock was removed, or taken "
                "over by another process after a long silence of this one. If no other process "
                "trains there, the same command goes on"
            )

    def _is_same(self) -> bool:
        """Whether the folder is the one that this process wrote."""
        return self.exists() and (self.made is None or self.made == self.status.get("wandb_id"))

    def update(self, **changes: Any) -> None:
        """Changes entries of `status.json`.

        Raises:
            RunError: The folder is no longer the one that this process wrote.
        """
        self._rewrite_status(lambda status: status | changes)

    def look(self, **story: Any) -> None:
        """Records that the test part was looked at, whoever else looks at the same time."""
        look = {"time": now(), **story}
        self._rewrite_status(
            lambda status: status | {"test_looks": [*status.get("test_looks", []), look]}
        )

    def _rewrite_status(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.check_own()
        with self.writing_status():
            write_text(self.path / "status.json", json.dumps(change(self.status), indent=2))

    @contextmanager
    def writing_status(self) -> Iterator[None]:
        """Keeps other processes from changing `status.json` between reading and writing it."""
        what = f"{self.path / 'status.json'} is being written by another process"
        with locked(self.path / STATUS_LOCK, what, tell=lambda text: None):
            yield

    def results(self) -> dict[str, Any]:
        """What `test/metrics.json` holds.

        Raises:
            RunError: The run is not finished.
        """
        return read_results(self.test / "metrics.json")

    def rows(self) -> list[dict[str, float]]:
        """The rows of `metrics.csv`, one per epoch.

        Raises:
            RunError: The file is damaged.
        """
        return read_rows(self.metrics)

    def row(self, epoch: int) -> dict[str, float]:
        """The row of an epoch that was trained, from 1.

        Raises:
            RunError: It is lost, or the file is damaged.
        """
        return find_rows(self.metrics, [epoch])[0]

    def write_rows(self, rows: Iterable[Mapping[str, float]]) -> None:
        """Writes `metrics.csv` anew."""
        write_rows(self.metrics, rows)

    def keep_rows(self, epochs: int) -> None:
        """Drops the rows of later epochs, which will be run again."""
        rows = self.rows()
        kept = [row for row in rows if row["epoch"] <= epochs]
        if len(kept) < len(rows):
            self.write_rows(kept)

    def check_rows(self, epochs: int) -> None:
        """Refuses to go on after so many epochs where one of them has no row any more.

        Raises:
            RunError: One is lost, or the file is damaged.
        """
        find_rows(self.metrics, range(1, epochs + 1))

    @contextmanager
    def lock(self, tell: Callable[[str], object] | None = None) -> Iterator[None]:
        """Keeps other processes from training here; removes what killed ones left half written.

        A folder in which nothing was written is removed again, with those above it that it made.

        Args:
            tell: Says that another process is waited for; None: that is an error.

        Raises:
            RunError: Another process has it.
        """
        made = [each for each in self.path.parents if not each.exists()]
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            what = f"{self.path} is being trained by another process"
            with locked(self.path / LOCK, what, tell) as self.held:
                remove_parts(self.path, besides="evaluations")
                yield
        finally:
            self.held = None
            with suppress(OSError):
                for each in (self.path, *made):
                    each.rmdir()

    def is_silent(self) -> bool:
        """Whether no process trains here, so far as its signs of life tell."""
        return is_silent(self.path / LOCK)

    def tidy(self) -> None:
        """Removes what a process left that was killed after all was done."""
        if (self.path / LOCK).exists():
            with suppress(RunError, OSError), self.lock():
                pass

    def move_aside(self) -> Path:
        """Keeps what was here under another name; the folder is free again."""
        stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"{self.path.name}.before-{stamp}")
        self.path.rename(aside)
        return aside


def runs_of_group(path: Path, first_seed: bool = False) -> list[str]:
    """The runs that a group folder's table names; none where it is no group folder.

    Args:
        path: The folder.
        first_seed: Only the runs of one seed, the first: its folds test every face once.

    Raises:
        RunError: The table is damaged.
    """
    table = path / GROUP_TABLE
    if not table.is_file():
        return []
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        names = [str(r["run"]) for r in rows if not first_seed or r["seed"] == rows[0]["seed"]]
        if any(len(name.encode()) > LONGEST_NAME for name in names):
            raise ValueError("a name that no folder has")
        return names
    except (OSError, ValueError, KeyError, csv.Error):
        raise RunError(f"{table} is damaged: the same training command writes it anew") from None

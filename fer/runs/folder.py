"""A run folder: what a training leaves behind, and all that other commands need."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from fer.errors import RunError
from fer.runs.json_files import Told, read_object, read_results
from fer.runs.locking import locked
from fer.runs.settings_file import read_settings
from fer.writing import remove_parts, write_text

FORMAT = 1
"""Raised when a change makes older run folders unreadable."""

GROUP_TABLE = "repeats.csv"
"""A row per run of a group: every fold, every trial. No run folder has one."""

NOT_DECIDING = (
    "paths",
    "logger",
    "restart",
    "trials",
    "name",
    "sure_accuracy",
    "pseudo",  # what it adds to the training part joins the data's fingerprint
    "data.path",
    "data.on_device",
    "data.exclude",
    "data.votes_path",
    "data.csv_path",
    "data.download",
    "data.faces.detector_model",  # its content decides the pixels, hence the data's fingerprint
    "model.members",  # sources, which name the weights, decide
    "distillation.teacher",
    "trainer.max_epochs",
    "trainer.checkpoint_steps",
    "trainer.accelerator",
    "trainer.progress",
    "trainer.threads",
)
"""Settings that say where, how fast or how loudly, but not what comes out."""

OFF = {"model.trunk_cache": 0}
"""Settings that came after the first runs, at the value that leaves all as it was without them.

A run without the key and one at this value are of one configuration.
"""


def now() -> str:
    """The time, in UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def deciding(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that decide the result."""
    kept = deepcopy(dict(settings))
    for key in (*NOT_DECIDING, *OFF):
        *groups, leaf = key.split(".")
        node = kept
        for group in groups:
            node = node.get(group, {})
        if key not in OFF or node.get(leaf) == OFF[key]:
            node.pop(leaf, None)
    return kept


def run_name(settings: Mapping[str, Any], fingerprint: str) -> str:
    """`<model>-<data>-<hash>`, the hash from the deciding settings and the data's fingerprint."""
    text = json.dumps([deciding(settings), fingerprint], sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    tag = f"-{settings['tag']}" if settings["tag"] else ""
    return f"{settings['model']['name']}-{settings['data']['name']}{tag}-{digest}"


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
        self.split = self.path / "split.npz"
        self.validation = self.path / "validation"
        self.calibration = self.validation / "calibration.json"
        self.test = self.path / "test"
        self.figures = self.path / "figures"

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
        return (self.path / "status.json").is_file() and (self.path / "config.yaml").is_file()

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
        return read_settings(self.path / "config.yaml")

    @property
    def settings(self) -> dict[str, Any]:
        """The configuration as plain values; to ask for what it lacks is a RunError."""
        container = OmegaConf.to_container(self.config)
        assert isinstance(container, dict)
        named = {str(key): value for key, value in container.items()}
        return Told(named, self.path / "config.yaml")

    @property
    def status(self) -> dict[str, Any]:
        """What `status.json` says."""
        return read_object(self.path / "status.json")

    def create(self, settings: Mapping[str, Any], **status: Any) -> None:
        """Makes the folder and its first files."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        write_text(self.path / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(dict(settings))))
        write_text(self.path / "status.json", json.dumps({"format": FORMAT, **status}, indent=2))

    def update(self, **changes: Any) -> None:
        """Changes entries of `status.json`."""
        write_text(self.path / "status.json", json.dumps(self.status | changes, indent=2))

    def look(self, **story: Any) -> None:
        """Records that the test part was looked at."""
        self.update(test_looks=[*self.status.get("test_looks", []), {"time": now(), **story}])

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
        path = self.path / "metrics.csv"
        if not path.is_file():
            return []
        try:
            with path.open(newline="", encoding="utf-8") as file:
                rows = [{k: float(v) for k, v in row.items() if v} for row in csv.DictReader(file)]
        except (OSError, ValueError, TypeError, csv.Error):
            raise RunError(f"{path} is damaged: it has more than numbers; restore it") from None
        if any("epoch" not in row for row in rows):
            raise RunError(f"{path} is damaged: a row has no epoch; restore it")
        return rows

    def write_rows(self, rows: Iterable[Mapping[str, float]]) -> None:
        """Writes `metrics.csv` anew."""
        rows = list(rows)
        columns = list(dict.fromkeys(key for row in rows for key in row))
        lines = [",".join(columns)]
        lines += [",".join(_text(row.get(key)) for key in columns) for row in rows]
        write_text(self.path / "metrics.csv", "\n".join(lines) + "\n")

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps other processes from training here; removes what killed ones left half written.

        Raises:
            RunError: Another process has it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        refusal = f"{self.path} is being trained by another process: wait for it, or end it"
        with locked(self.path / ".lock", refusal):
            remove_parts(self.path, besides="evaluations")
            yield

    def move_aside(self) -> Path:
        """Keeps what was here under another name; the folder is free again."""
        stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"{self.path.name}.before-{stamp}")
        self.path.rename(aside)
        return aside


def runs_of_group(path: Path) -> list[str]:
    """The runs that a group folder's table names; none where it is no group folder.

    Raises:
        RunError: The table is damaged.
    """
    table = path / GROUP_TABLE
    if not table.is_file():
        return []
    try:
        with table.open(newline="", encoding="utf-8") as file:
            return [str(row["run"]) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, csv.Error):
        raise RunError(f"{table} is damaged: the same training command writes it anew") from None


def _text(value: float | None) -> str:
    """A number such that reading gives it back; whole numbers without a point."""
    if value is None:
        return ""
    return (
        str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    )

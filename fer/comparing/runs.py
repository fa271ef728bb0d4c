"""A finished run as a comparison needs it, checked: its files agree with each other."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.comparing.members import epochs_of_members
from fer.data.splits import check_unpacked, digest_names
from fer.errors import RunError
from fer.runs.folder import RunFolder
from fer.runs.json_files import read_results
from fer.runs.run_names import OFF

_RESULTS = (
    *("data", "part", "n", "epoch", "test_hash", "classes", "intervals"),
    *("protocol.name", "metrics.accuracy", "per_class.class", "per_class.f1"),
)
_COPIES = ("copies.in_training", "copies.accuracy_without", "copies.n_without")
_STATUS = ("counts.train", "counts.test", "data_fingerprint")
_SETTINGS = ("seed", "data.name", "model.name", "protocol.name")
_GROUP = ("metrics.accuracy", "intervals", "pooled", "part", "test_hash")


class UnfinishedError(RunError):
    """A run that has not been tested yet; its state comes first."""

    def __init__(self, state: str, why: str) -> None:
        super().__init__(why)
        self.state = state


@dataclass(frozen=True, eq=False)  # arrays are not compared: a run is told by which it is
class TestedRun:
    """One run and what it answered.

    Attributes:
        path: Its folder.
        settings: Dotted key to value, of the whole configuration.
        results: What `test/metrics.json` holds.
        status: What `status.json` holds.
        epochs: Rows of `metrics.csv`.
        names: str `[N]`, of the test faces, ascending.
        truth: int64 `[N]`, in that order.
        right: bool `[N]`, whether each face was recognised.
        answers: Digest of `test/predictions.csv`.
        validation: Digest of the validation faces; None where the split is not there.
        members: What `epochs_of_members` found: a blend costs what its members cost, too.
    """

    path: Path
    settings: dict[str, Any]
    results: dict[str, Any]
    status: dict[str, Any]
    epochs: list[dict[str, float]]
    names: NDArray[np.str_]
    truth: NDArray[np.int64]
    right: NDArray[np.bool_]
    answers: str
    validation: str | None
    members: dict[str, list[float]] | None

    @property
    def seed(self) -> int:
        """Seed of the training."""
        return int(self.settings["seed"])

    @property
    def fold(self) -> int | None:
        """Which fold was tested, where the protocol has folds."""
        fold = self.settings.get("protocol.fold")
        return fold if isinstance(fold, int) else None

    @property
    def validation_accuracy(self) -> float:
        """Of the epoch whose weights were tested; NaN where nothing was validated."""
        for row in self.epochs:
            if row["epoch"] == self.results["epoch"]:
                return row.get("validation/accuracy", math.nan)
        return math.nan

    @property
    def _seconds(self) -> list[list[float]]:
        """Of each epoch, of this run and of each member; an empty list where it is not known."""
        own = [row["seconds"] for row in self.epochs if "seconds" in row]
        return [own, *([[]] if self.members is None else self.members.values())]

    @property
    def seconds_per_epoch(self) -> float:
        """Mean wall time of an epoch on the machine that trained; of a blend with its members'."""
        return sum(sum(each) / len(each) if each else math.nan for each in self._seconds)

    @property
    def training_seconds(self) -> float:
        """Wall time of all epochs on the machine that trained; of a blend with its members'."""
        return sum(sum(each) if each else math.nan for each in self._seconds)


def read_run(path: Path) -> TestedRun:
    """Reads a run folder and checks that its predictions are those of its test.

    Raises:
        UnfinishedError: It has not been tested yet.
        RunError: Files are missing, damaged, or contradict each other.
    """
    run = RunFolder.open(path)
    status = run.status
    if status.get("state") != "finished":
        epochs = len(run.rows())
        state = str(status.get("state"))
        if state == "running" and run.is_silent():
            state, status = "cut off", {"why": "the same command goes on"}
        why = f"{epochs} epoch{'s' * (epochs != 1)} so far"
        if state != "running":
            why += f"; {status.get('why') or 'no reason was recorded'}"
        raise UnfinishedError(state, " ".join(why.split()))
    results = run.results()
    nested = run.settings
    settings = OFF | flat(nested)  # older runs lack these keys
    for path, holds, needed in (
        (run.test / "metrics.json", results, _RESULTS + (_COPIES if "copies" in results else ())),
        (run.path / "status.json", status, _STATUS),
        (run.path / "config.yaml", settings, _SETTINGS),
    ):
        if lacking := [key for key in needed if not _has(holds, key)]:
            raise RunError(f"{path} lacks {', '.join(lacking)}: restore it")
    if not isinstance(settings["seed"], int):
        config = run.path / "config.yaml"
        raise RunError(f"{config} is damaged: seed is no whole number; restore it")
    names, truth, right = _answers(run.test / "predictions.csv", results)
    return TestedRun(
        run.path,
        settings,
        results,
        status,
        run.rows(),
        names,
        truth,
        right,
        hashlib.sha256((run.test / "predictions.csv").read_bytes()).hexdigest(),
        _validation(run.split),
        epochs_of_members(run.path, nested),
    )


def _has(holds: Mapping[str, Any], key: str) -> bool:
    """Whether a value is there, under a dotted key or in groups."""
    if key in holds:
        return True
    group, _, leaf = key.partition(".")
    inner = holds.get(group)
    rows = inner if isinstance(inner, list) else [inner]
    return bool(leaf) and all(isinstance(row, Mapping) and leaf in row for row in rows)


def flat(settings: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested settings under dotted keys.

    Examples:
        >>> flat({"seed": 0, "model": {"name": "cnn1", "frozen": [1, 2]}})
        {'seed': 0, 'model.name': 'cnn1', 'model.frozen': [1, 2]}
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = value
    return found


def _answers(
    path: Path, results: Mapping[str, Any]
) -> tuple[NDArray[np.str_], NDArray[np.int64], NDArray[np.bool_]]:
    """Names, truths and whether each face was recognised, ordered by name.

    Probabilities are not read: what is derived from them stands in `metrics.json`.
    """
    classes: list[str] = results["classes"]
    try:
        with path.open(newline="", encoding="utf-8") as file:
            head, *lines = csv.reader(file)
    except (OSError, ValueError, csv.Error):
        raise RunError(f"{path} is missing or damaged: evaluate the run again") from None
    if head != ["name", "truth", "predicted", *classes]:
        raise RunError(f"{path} is not of the classes {', '.join(classes)}: evaluate the run again")
    place = {name: k for k, name in enumerate(classes)}
    try:
        names = np.array([line[0] for line in lines], dtype=np.str_)
        truth = np.array([place[line[1]] for line in lines], dtype=np.int64)
        said = np.array([place[line[2]] for line in lines], dtype=np.int64)
    except (KeyError, IndexError):
        raise RunError(f"{path} is damaged: a row has no known class") from None
    order = np.argsort(names, kind="stable")
    names, truth, right = names[order], truth[order], (truth == said)[order]
    if digest_names(names) != results["test_hash"]:
        raise RunError(
            f"{path} does not match the run's split: its {len(names):,} faces are not the "
            f"{results['n']:,} that were tested; restore it, or train again with restart=true"
        )
    if abs(right.mean() - results["metrics"]["accuracy"]) > 0.5 / len(right):
        raise RunError(
            f"{path} gives an accuracy of {right.mean():.4f}, metrics.json says "
            f"{results['metrics']['accuracy']:.4f}: one of them was changed; restore it"
        )
    return names, truth, right


def _validation(split: Path) -> str | None:
    """Digest of who is in the validation part."""
    try:
        check_unpacked(split)
        with np.load(split, allow_pickle=False) as arrays:
            indices = np.ascontiguousarray(arrays["validation"], dtype=np.int64)
    except Exception:  # NumPy and zipfile raise a dozen kinds on garbage
        return None
    return hashlib.sha256(indices.tobytes()).hexdigest()[:16]


def read_group(path: Path) -> dict[str, Any]:
    """What a group's `metrics.json` holds.

    Raises:
        RunError: It is missing or damaged.
        UnfinishedError: Runs of the group are missing.
    """
    results = read_results(path / "metrics.json")
    if not results.get("complete", True):
        missing = ", ".join(results.get("missing", ()))
        raise UnfinishedError("incomplete", f"{missing} missing: the same command trains them")
    if lacking := [key for key in _GROUP if not _has(results, key)]:
        raise RunError(f"{path / 'metrics.json'} lacks {', '.join(lacking)}: restore it")
    return results

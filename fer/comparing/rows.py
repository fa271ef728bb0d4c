"""A row of a comparison: one run, or the runs that differ in fold and seed alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.comparing.runs import TestedRun
from fer.comparing.settings import compared
from fer.evaluation.cautions import find_cautions, marked
from fer.evaluation.paired_tests import mean_interval
from fer.evaluation.repeats import spread
from fer.evaluation.wilson import wilson_interval

BYTES = 4
"""Of a weight, as 32-bit numbers."""


@dataclass(frozen=True, eq=False)  # rows are told apart by which they are
class Row:
    """One configuration as tested.

    Attributes:
        name: Told apart from the others by what differs.
        runs: One, or several of other folds or seeds.
        path: The run's folder, or the group's.
        group: What a group's `metrics.json` holds, or would hold of folds trained apart.
    """

    name: str
    runs: tuple[TestedRun, ...]
    path: Path
    group: dict[str, Any] | None = None

    @property
    def first(self) -> TestedRun:
        """What all runs have in common can be read from any."""
        return self.runs[0]

    @property
    def settings(self) -> dict[str, Any]:
        """Dotted key to value."""
        return self.first.settings

    @property
    def data(self) -> str:
        """Name of the data set."""
        return str(self.settings["data.name"])

    @property
    def model(self) -> str:
        """Name of the model, marked as the row is."""
        return marked(str(self.settings["model.name"]), self.cautions)

    @cached_property
    def seeds(self) -> list[int]:
        """The seeds, ascending."""
        return sorted({run.seed for run in self.runs})

    @property
    def folds(self) -> int:
        """How many folds are pooled; 0 where there is one test part."""
        return len({run.fold for run in self.runs}) if self.group and self._pooled else 0

    @property
    def _pooled(self) -> bool:
        return bool(self.group and self.group["pooled"])

    @cached_property
    def cautions(self) -> list[str]:
        """What breaks the protocol knowingly, in words."""
        told = [note for run in self.runs for note in find_cautions(run.results)]
        return find_cautions(self.group or {}) or list(dict.fromkeys(told))

    @property
    def part(self) -> str:
        """Name of the test part."""
        return str((self.group or self.first.results)["part"])

    @property
    def protocol(self) -> str:
        """Name of the protocol, marked where it is broken."""
        return marked(str(self.first.results["protocol"]["name"]), self.cautions)

    @cached_property
    def names(self) -> NDArray[np.str_]:
        """Str `[N]`: the test faces, ascending."""
        names: NDArray[np.str_] = self._of_seed(self.seeds[0], "names")
        return names

    @cached_property
    def truth(self) -> NDArray[np.int64]:
        """int64 `[N]`, in the order of `names`."""
        truth: NDArray[np.int64] = self._of_seed(self.seeds[0], "truth")
        return truth

    @cached_property
    def right(self) -> dict[int, NDArray[np.bool_]]:
        """For each seed bool `[N]`: which faces its run, or its folds' runs, recognised."""
        return {seed: self._of_seed(seed, "right") for seed in self.seeds}

    @cached_property
    def share_right(self) -> NDArray[np.float64]:
        """float64 `[N]`, 0 to 1: the share of the seeds that recognised each face."""
        shares: NDArray[np.float64] = np.mean(list(self.right.values()), axis=0)
        return shares

    def _of_seed(self, seed: int, name: str) -> Any:
        runs = [run for run in self.runs if run.seed == seed]
        order = np.argsort(np.concatenate([run.names for run in runs]), kind="stable")
        return np.concatenate([getattr(run, name) for run in runs])[order]

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Of the run, of the pooled folds, or the mean over the seeds."""
        if self.group:
            return dict(self.group["metrics"])
        if len(self.runs) == 1:
            return dict(self.first.results["metrics"])
        measured = [run.results["metrics"] for run in self.runs]
        names = [name for name in measured[0] if all(name in one for one in measured)]
        return {name: spread([one[name] for one in measured])["mean"] for name in names}

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % over the test faces; of several seeds' mean only that of accuracy is known."""
        found = self.group or self.first.results
        if len(self.seeds) == 1:
            return {name: (low, high) for name, (low, high) in found["intervals"].items()}
        if self.accuracy in (0, 1):  # in every resample, too
            return {"accuracy": wilson_interval(round(self.share_right.sum()), len(self.names))}
        return {"accuracy": mean_interval(self.share_right)}

    @cached_property
    def accuracy(self) -> float:
        """Test accuracy, 0 to 1."""
        return self.metrics["accuracy"]

    @cached_property
    def by_repeat(self) -> dict[tuple[int, int | None], float]:
        """Test accuracy of each run under its seed and fold."""
        return {(run.seed, run.fold): run.results["metrics"]["accuracy"] for run in self.runs}

    @property
    def repeats(self) -> str:
        """Of what there are several, such as `5 folds, 3 seeds`; empty for a single run."""
        words = [f"{self.folds} folds"] if self.folds else []
        words += [f"{len(self.seeds)} seeds"] if len(self.seeds) > 1 else []
        return ", ".join(words)

    @cached_property
    def deviation(self) -> float:
        """Of accuracy over the seeds, or over the folds of one seed; NaN for a single run."""
        if len(self.seeds) > 1:
            return float(
                spread([float(right.mean()) for right in self.right.values()])["deviation"]
            )
        return float(spread(list(self.by_repeat.values()))["deviation"])

    @cached_property
    def f1(self) -> dict[str, float]:
        """F1 of each class: of the run, of the pooled folds, or the mean over the seeds."""
        tables = [run.results["per_class"] for run in self.runs]
        if self._pooled:
            assert self.group is not None
            tables = [report["per_class"] for report in self.group["pooled"].values()]
        return {
            rows[0]["class"]: _mean([_number(row["f1"]) for row in rows])
            for rows in zip(*tables, strict=True)
        }

    @cached_property
    def validation_accuracy(self) -> float:
        """Of the epochs whose weights were tested, mean over the runs."""
        return _mean([run.validation_accuracy for run in self.runs])

    @property
    def training_images(self) -> float:
        """Mean over the runs: folds differ a little."""
        return _mean([_number(run.status["counts"]["train"]) for run in self.runs])

    @cached_property
    def training_seconds(self) -> float:
        """Of all epochs together, on the machine that trained, mean over the runs."""
        return _mean([run.training_seconds for run in self.runs])

    @cached_property
    def members(self) -> int | None:
        """How many members' costs are in its own: 0 for no blend, None where they are not known."""
        counts = [None if run.members is None else len(run.members) for run in self.runs]
        return None if None in counts else counts[0]

    @cached_property
    def parameters(self) -> float:
        """Number of weights; classical models count what was fitted."""
        return _mean([_number(run.status.get("parameters")) for run in self.runs])

    @cached_property
    def trained_parameters(self) -> float:
        """Those that were not frozen."""
        return _mean([_number(run.status.get("trained_parameters")) for run in self.runs])

    @cached_property
    def megabytes(self) -> float:
        """The weights as 32-bit numbers, in 10^6 bytes."""
        return self.parameters * BYTES / 1e6

    @cached_property
    def seconds_per_epoch(self) -> float:
        """On the machine that trained, mean over the runs."""
        return _mean([run.seconds_per_epoch for run in self.runs])

    @cached_property
    def milliseconds_per_face(self) -> float:
        """Of the test, on the machine that tested; NaN where it was not measured."""
        return _mean([_number(run.results.get("milliseconds_per_face")) for run in self.runs])

    @property
    def test_share(self) -> float:
        """Test faces divided by training faces."""
        counts = self.first.status["counts"]
        return float(counts["test"] / counts["train"])


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def gather(runs: Sequence[TestedRun]) -> list[tuple[TestedRun, ...]]:
    """Runs that are equal but for their seed together, in order of appearance.

    Runs of equal seeds stay apart: they are not repeats.
    """
    together: list[dict[int, TestedRun]] = []
    places: dict[str, list[int]] = {}
    for run in runs:
        data = [run.status["data_fingerprint"], run.results["test_hash"], run.fold]
        key = json.dumps([*data, compared(run.settings)], sort_keys=True, default=str)
        for place in places.setdefault(key, []):
            if run.seed not in together[place]:
                together[place][run.seed] = run
                break
        else:
            places[key].append(len(together))
            together.append({run.seed: run})
    return [tuple(found[seed] for seed in sorted(found)) for found in together]

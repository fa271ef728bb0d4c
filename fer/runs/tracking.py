"""Weights & Biases: one run for each run folder, however often it is interrupted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import wandb
from numpy.typing import NDArray

from fer.evaluation.cautions import find_cautions, marked
from fer.runs.folder import RunFolder
from fer.runs.wandb_record import Record


class Tracker:
    """Keeps a run's W&B record; does nothing where W&B is disabled.

    Offline, every start of a process begins another record, and syncing a later one replaces the
    earlier on the server; so each record is begun with all rows of `metrics.csv`, and is whole.

    Args:
        run: The run folder, whose status holds the run's id.
        settings: The whole configuration.
        group: W&B's group: the sweep, or the experiment.
        cautions: Known breaches of the protocol: the record's name is marked, its notes tell them.
    """

    def __init__(
        self,
        run: RunFolder,
        settings: Mapping[str, Any],
        group: str,
        cautions: Sequence[str] = (),
    ) -> None:
        self.run, self.settings, self.group = run, settings, group
        self.cautions = tuple(cautions)
        self.record: Record | None = None

    def start(self, facts: Mapping[str, Any]) -> None:
        """Begins or goes on with the record.

        Args:
            facts: Joins the configuration: counts, hashes, parameters.

        Raises:
            FerError: Nobody is logged in, or W&B cannot begin a record on the disk.
        """
        logger = self.settings["logger"]
        if logger["mode"] == "disabled":
            return
        self.record = Record(
            self.run.path,
            logger["mode"],
            logger["timeout"],
            id=self.run.status["wandb_id"],
            name=marked(self.run.path.name, self.cautions),
            notes="; ".join(self.cautions) or None,
            project=logger["project"],
            entity=logger["entity"],
            group=logger["group"] or self.group,
            tags=list(logger["tags"]),
            config=self._config(facts),
        )
        with self.record.unharmed():
            self.record.run.define_metric("epoch")
            self.record.run.define_metric("*", step_metric="epoch")
        for row in self.run.rows():
            self.log(row)

    def _config(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The nested configuration, under `settings` where an agent lays flat keys on top."""
        told = {**self.settings, "facts": dict(facts)}
        return {"settings": told} if "WANDB_SWEEP_ID" in os.environ else told

    def log(self, row: Mapping[str, float]) -> None:
        """Takes an epoch's row; its step is the epoch."""
        if self.record is not None:
            with self.record.unharmed():
                self.record.run.log(dict(row), step=int(row["epoch"]))

    def report(
        self,
        summary: Mapping[str, Any],
        classes: Sequence[str],
        labels: NDArray[np.int64],
        predicted: NDArray[np.int64],
        per_class: Iterable[Mapping[str, Any]],
        pictures: Mapping[str, Path],
    ) -> None:
        """Takes the test's figures.

        Args:
            summary: Values for W&B's summary, such as `test/accuracy`.
            classes: Their names.
            labels: int64 `[N]`.
            predicted: int64 `[N]`.
            per_class: A row per class, with equal keys.
            pictures: Title -> PNG file.
        """
        if self.record is None:
            return
        with self.record.unharmed():
            rows = [dict(row) for row in per_class]
            table = wandb.Table(columns=list(rows[0]), data=[list(row.values()) for row in rows])
            matrix = wandb.plot.confusion_matrix(
                y_true=labels.tolist(), preds=predicted.tolist(), class_names=list(classes)
            )
            images = {
                f"figures/{title}": wandb.Image(str(path)) for title, path in pictures.items()
            }
            run = self.record.run
            run.summary.update(dict(summary))
            run.log(images, commit=False)  # tables last: online, these ask W&B's server
            run.log({"test/per_class": table, "test/confusion_matrix": matrix})
            if self.settings["logger"]["checkpoint"]:
                artifact = wandb.Artifact(f"{self.run.path.name}-best", type="model")
                artifact.add_file(str(self.run.best))
                run.log_artifact(artifact)

    def finish(self, failed: bool) -> None:
        """Ends the record, marked failed where the job failed, so that the next job has its own."""
        if self.record is not None:
            self.record.finish(exit_code=1 if failed else 0)
            self.record = None


def replay(run: RunFolder, settings: Mapping[str, Any], group: str) -> None:
    """Tells W&B about a run that was finished before: an agent waits for the record of its job."""
    status, results = run.status, run.results()
    tracker = Tracker(run, settings, group, find_cautions(results))
    tracker.start({key: status[key] for key in ("parameters", "trained_parameters", "split_hash")})
    if tracker.record is not None:
        with tracker.record.unharmed():
            figures = {f"test/{k}": v for k, v in results["metrics"].items()}
            tracker.record.run.summary.update(figures)
    tracker.finish(failed=False)

"""Training for models that are no networks: fitted once, kept in the same run folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from torch import nn

from fer.console import say
from fer.data.modules import FaceDataModule
from fer.models.classical import CANDIDATES, CHUNK, fit_classifier, fit_reduction, reduced
from fer.models.classifiers import FaceClassifier
from fer.models.epoch_metrics import EpochMetrics
from fer.models.losses import ClassificationLoss
from fer.models.networks.classical import ClassicalNetwork
from fer.runs.checkpoints import SafeCheckpointIO
from fer.runs.folder import RunFolder
from fer.runs.tracking import Tracker
from fer.writing import write_text

Part = tuple[NDArray[np.float64], NDArray[np.int64]]
"""What the classifier looks at, `[N, d]`, and labels `[N]`."""

NOTE = (
    "note: a classical model is fitted once, on training images as they are: augment (all but its "
    "crop), data.sampler, optimizer, scheduler, loss and trainer.max_epochs are not used"
)


def fit_classical(
    settings: Mapping[str, Any],
    run: RunFolder,
    model: FaceClassifier,
    data: FaceDataModule,
    tracker: Tracker,
) -> None:
    """Fits every candidate on the training part and keeps the one that validates best.

    Leaves what an epoch of a network leaves, a row of metrics and the checkpoints, and
    `selection.csv`, a row for each candidate.

    Args:
        settings: The whole configuration.
        run: The run folder.
        model: Whose network is filled in place.
        data: Opened and split.
        tracker: Takes the row.
    """
    quiet = settings["trainer"]["progress"] == "none"
    started = time.perf_counter()
    network: Any = model.network
    assert isinstance(network, ClassicalNetwork)
    features, labels = _describe(network, data, data.split.train, quiet)
    fit_reduction(network, features, settings["seed"])
    train = reduced(network, features), labels
    others, truth = _describe(network, data, data.split.validation, quiet)
    validation = reduced(network, others), truth

    rows, best = _select(settings, model, network, train, validation)
    figures = {key: value for key, value in rows[best].items() if "/" in key}
    figures |= _figures(network, *train, EpochMetrics("train", len(model.classes), macro=False))
    seconds = time.perf_counter() - started
    row = {"epoch": 1, **figures, "seconds": round(seconds, 3)}
    row["images_per_second"] = round(len(labels) / seconds, 1)
    _save_selection(run, rows, best)
    run.write_rows([row])
    tracker.log(row)
    _save_checkpoints(run, model)


def _select(
    settings: Mapping[str, Any],
    model: FaceClassifier,
    network: ClassicalNetwork,
    train: Part,
    validation: Part,
) -> tuple[list[dict[str, Any]], int]:
    """Fits every candidate; leaves the network's classifier with the best one.

    Returns:
        A row for each candidate, and the number of the best row.
    """
    setting = CANDIDATES[settings["model"]["classifier"]]
    monitor, maximise = model.hparams["monitor"], model.hparams["maximise"]
    rows: list[dict[str, Any]] = []
    best, state = 0, network.classifier.state_dict()
    for value in settings["model"][setting]:
        since = time.perf_counter()
        remark = fit_classifier(network, value, train, validation, settings["seed"])
        metrics = EpochMetrics("validation", len(model.classes), macro=True)
        figures = _figures(network, *validation, metrics)
        seconds = round(time.perf_counter() - since, 3)
        rows.append({setting: value, **figures, "seconds": seconds, "remark": remark})
        accuracy = f"validation accuracy {figures['validation/accuracy']:.3f}"
        told = f"{setting} {value}: {accuracy}" + (f" ({remark})" if remark else "")
        say(settings["trainer"]["progress"] == "none", told)
        score, leader = figures[monitor], rows[best][monitor]
        if len(rows) == 1 or (score > leader if maximise else score < leader):
            best = len(rows) - 1
            state = {k: v.clone() for k, v in network.classifier.state_dict().items()}
    network.classifier.load_state_dict(state)
    return rows, best


def count_fitted(network: nn.Module) -> tuple[int, int]:
    """All numbers that a network has, and those that a fit fills in: all of them."""
    count = sum(array.numel() for array in network.buffers())
    return count, count


def _describe(
    network: ClassicalNetwork, data: FaceDataModule, indices: NDArray[np.int64], quiet: bool
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Descriptors float32 `[N, D]` and labels of some faces, seen as in testing with one view."""
    data.predicted = indices
    described = []
    with Progress(
        console=Console(stderr=True), disable=quiet or not sys.stderr.isatty(), transient=True
    ) as progress:
        for batch in progress.track(data.predict_dataloader(), description="describing faces"):
            described.append(network.describe(data.on_after_batch_transfer(batch, 0)["image"]))
    return np.concatenate(described), data.faces.labels[indices]


def _figures(
    network: ClassicalNetwork,
    features: NDArray[np.float64],
    labels: NDArray[np.int64],
    metrics: EpochMetrics,
) -> dict[str, float]:
    """Loss and accuracies over what `reduced` gives."""
    loss = ClassificationLoss()
    parts = (torch.split(torch.from_numpy(array), CHUNK) for array in (features, labels))
    for part, truth in zip(*parts, strict=True):
        logits = network.classify(part)
        metrics.update(loss(logits, truth), logits, truth)
    return {key: float(value) for key, value in metrics.finish().items()}


def _save_selection(run: RunFolder, rows: list[dict[str, Any]], best: int) -> None:
    """Writes `selection.csv`: what each candidate came to, and which was kept."""
    lines = [",".join([*rows[0], "kept"])]
    for i, row in enumerate(rows):
        lines.append(",".join([*map(str, row.values()), "yes" if i == best else "no"]))
    write_text(run.path / "selection.csv", "\n".join(lines) + "\n")


def _save_checkpoints(run: RunFolder, model: FaceClassifier) -> None:
    """Writes the checkpoints that Lightning would, of one epoch."""
    content = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "epoch": 0,
        "global_step": 0,
        "callbacks": {},
        "pytorch-lightning_version": lightning.__version__,
    }
    for path in (run.best, run.last):
        SafeCheckpointIO().save_checkpoint(content, path)

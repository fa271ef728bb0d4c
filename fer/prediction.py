"""A run's model, and its probabilities for chosen faces."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from lightning import Trainer
from numpy.typing import NDArray

from fer.data.modules import FaceDataModule
from fer.evaluation.predictions import Predictions
from fer.models.architectures import CLASSIFIERS
from fer.models.classifiers import FaceClassifier
from fer.runs.checkpoints import check_fits, read_checkpoint
from fer.runs.folder import RunFolder


def load_model(run: RunFolder) -> FaceClassifier:
    """The model of a run folder with its best weights, rebuilt from what the checkpoint says.

    Raises:
        RunError: The checkpoint is missing, damaged, or of another architecture.
    """
    checkpoint = read_checkpoint(run.best)
    hyper_parameters = checkpoint["hyper_parameters"]
    model = CLASSIFIERS[hyper_parameters["model"]["kind"]](**hyper_parameters)
    check_fits(checkpoint["state_dict"], model.state_dict(), run.best)
    model.load_state_dict(checkpoint["state_dict"])
    return model


def predict(
    trainer: Trainer, model: FaceClassifier, data: FaceDataModule, indices: NDArray[np.int64]
) -> Predictions:
    """Runs the model over the faces, in the data module's test views.

    Args:
        trainer: Decides device and precision.
        model: With the weights to use.
        data: Opened.
        indices: int64 `[N]`, which faces; the model knows all their classes.

    Returns:
        Labels by the model's classes, probabilities `[N, K]` and names, in `indices`' order.
    """
    data.predicted = indices
    batches: Any = trainer.predict(model, datamodule=data)
    probabilities = torch.cat([batch.double() for batch in batches]).clamp(0, 1)
    place = {name: k for k, name in enumerate(model.classes)}
    known = np.array([place.get(name, -1) for name in data.faces.classes])
    return Predictions(
        known[data.faces.labels[indices]],
        probabilities.numpy(),
        model.classes,
        np.asarray(data.faces.names[indices], dtype=np.str_),
    )

"""A model's probabilities for chosen faces of a data module."""

from __future__ import annotations

import numpy as np
import torch
from lightning import Trainer
from numpy.typing import NDArray

from fer.data.modules import FaceDataModule
from fer.evaluation.predictions import Predictions
from fer.models.classifiers import FaceClassifier


def predict(
    trainer: Trainer, model: FaceClassifier, data: FaceDataModule, indices: NDArray[np.int64]
) -> Predictions:
    """Runs the model over the faces, in the data module's test views.

    Args:
        trainer: Decides device and precision.
        model: With the weights to use.
        data: Opened.
        indices: int64 `[N]`, which faces.

    Returns:
        Labels, probabilities `[N, K]` and names, in the order of `indices`.
    """
    data.predicted = indices
    batches = trainer.predict(model, datamodule=data)
    assert batches is not None
    probabilities = torch.cat([batch.double() for batch in batches]).clamp(0, 1)
    return Predictions(
        data.faces.labels[indices],
        probabilities.numpy(),
        data.faces.classes,
        np.asarray(data.faces.names[indices], dtype=np.str_),
    )

"""A run's model, and its probabilities for chosen faces."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import Trainer
from numpy.typing import NDArray
from torch import Tensor

from fer.data.modules import FaceDataModule
from fer.errors import FerError, RunError
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
    return rebuild(checkpoint.get("hyper_parameters"), checkpoint["state_dict"], run.best)


def rebuild(hyper_parameters: Any, state: Mapping[str, Tensor], path: Path) -> FaceClassifier:
    """A model with given weights, of hyperparameters that may be damaged.

    It is built without memory first, so that none is taken for sizes that its weights do not have.

    Args:
        hyper_parameters: Of a `FaceClassifier`.
        state: Its tensors.
        path: The file that both are from.

    Raises:
        RunError: No network comes of them, or one of another architecture than the weights'.
    """
    try:
        kind = CLASSIFIERS[hyper_parameters["model"]["kind"]]
        with torch.device("meta"):
            sketch = kind(**hyper_parameters)
        if not all(isinstance(name, str) for name in sketch.classes):
            raise TypeError("classes")
    except FerError as error:  # an unknown kind, such as one that a plugin brings
        raise RunError(f"{path}: {error}") from None
    except Exception as error:  # whatever a wrong size or name leads to in a network
        raise RunError(
            f"{path} is damaged: no network can be built as it says ({type(error).__name__}); "
            "restore it, or train again with restart=true"
        ) from None
    check_fits(state, sketch.state_dict(), path)
    model = kind(**hyper_parameters)
    model.load_state_dict(state)
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

"""A run's temperature and threshold of sureness, from its validation part alone."""

from __future__ import annotations

import json

import numpy as np
from lightning import Trainer
from numpy.typing import NDArray

from fer.assessing.run_model import predict
from fer.data.modules import FaceDataModule
from fer.evaluation.calibration import Calibration, fit_calibration
from fer.models.classifiers import FaceClassifier
from fer.runs.calibrations import ONE_VIEW, stored_calibration
from fer.runs.folder import RunFolder
from fer.writing import write_text

SURE_ACCURACY = 0.9
"""Of runs from before `sure_accuracy` was a setting."""


def calibrate(
    run: RunFolder,
    trainer: Trainer,
    model: FaceClassifier,
    data: FaceDataModule,
    validation: NDArray[np.int64],
    sure_accuracy: float,
) -> Calibration:
    """Fits temperature and threshold on the validation part, seen in the data module's test views.

    In the run's own test views they are written down: `validation/predictions.csv` and
    `validation/calibration.json`. So are, if these views are several, those that are fitted in one,
    as a face is looked at outside a test: `validation/calibration_of_one_view.json`. In other views
    they are only returned.

    Args:
        run: The run folder.
        trainer: Decides device and precision.
        model: With the run's best weights.
        data: Opened; its test views are those of the test that follows.
        validation: int64 `[N]`, the run's validation part.
        sure_accuracy: Wanted of the faces that count as sure, 0 to 1.
    """
    said = predict(trainer, model, data, validation)
    found = fit_calibration(said, sure_accuracy)
    views, own = dict(data.test_time), run.settings["test_time"]
    if views == own:
        said.save(run.validation / "predictions.csv")
        write_text(run.calibration, json.dumps(found.as_dict(), indent=2))
        if own != ONE_VIEW:
            data.test_time = ONE_VIEW
            try:
                calibrate(run, trainer, model, data, validation, sure_accuracy)
            finally:
                data.test_time = views
    elif views == ONE_VIEW:
        write_text(run.calibration_of_one_view, json.dumps(found.as_dict(), indent=2))
    return found


def settle_calibration(
    run: RunFolder,
    trainer: Trainer,
    model: FaceClassifier,
    data: FaceDataModule,
    validation: NDArray[np.int64] | None,
    sure_accuracy: float | None = None,
) -> Calibration | None:
    """What the run folder says, or `calibrate` where it says nothing of these views or accuracy.

    Args:
        run: The run folder.
        trainer: See `calibrate`.
        model: See `calibrate`.
        data: See `calibrate`.
        validation: None where the data is another than the run's own.
        sure_accuracy: None: as stored.

    Returns:
        None where nothing is stored and there is no validation part to fit on.

    Raises:
        RunError: What is stored is damaged.
    """
    own_views = dict(data.test_time) == run.settings["test_time"]
    stored = stored_calibration(run)
    wanted = sure_accuracy
    if wanted is None:
        default = run.settings.get("sure_accuracy", SURE_ACCURACY)
        wanted = default if stored is None else stored.sure_accuracy
    if own_views and stored is not None and stored.sure_accuracy == wanted:
        return stored
    if validation is None:
        return None
    return calibrate(run, trainer, model, data, validation, wanted)

"""A run's model against its test part, once, at the end of training."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from lightning import Trainer

from fer.assessing.calibrating import calibrate
from fer.assessing.chosen_faces import Chosen, own_part, tell
from fer.assessing.run_model import predict
from fer.data.modules import FaceDataModule
from fer.errors import RunError
from fer.evaluation.cautions import marked
from fer.evaluation.confidence_text import confidence_summary
from fer.evaluation.figures import learning_curves
from fer.evaluation.predictions import Predictions
from fer.evaluation.report import write_report
from fer.models.classifiers import FaceClassifier
from fer.runs.checkpoints import read_checkpoint
from fer.runs.folder import ANSWERED, RunFolder
from fer.runs.tracking import Tracker


def meet_test_part(
    settings: Mapping[str, Any],
    run: RunFolder,
    model: FaceClassifier,
    data: FaceDataModule,
    trainer: Trainer,
    tracker: Tracker,
) -> None:
    """Calibrates on validation, meets the test part with the best checkpoint, once, and reports.

    Args:
        settings: The whole configuration.
        run: Trained; gets `validation/`, `test/` and the learning curves.
        model: Gets the weights of the best epoch.
        data: Opened and split.
        trainer: Decides device and precision.
        tracker: Takes the figures.

    Raises:
        RunError: The best checkpoint or its epoch's row is missing or damaged.
    """
    best = read_checkpoint(run.best)
    model.load_state_dict(best["state_dict"])
    epoch = best["epoch"] + 1
    row = run.row(epoch)  # or what was trained cannot be told: found out before the test part
    found = calibrate(run, trainer, model, data, data.split.validation, settings["sure_accuracy"])
    chosen = own_part(data, data.split, "test")
    predictions, milliseconds = _look(run, model, data, trainer, chosen, epoch)
    story = tell(settings, data, chosen, predictions, epoch) | {
        "split_hash": data.split.hash,
        "milliseconds_per_face": milliseconds,
    }
    images = data.faces.images[chosen.indices]
    results = write_report(run.test, predictions, images, story, chosen.copies, found.temperature)
    curves = run.figures / "learning_curves.png"
    protocol = marked(chosen.protocol["name"], chosen.cautions)
    words = f"{settings['data']['name']}, {protocol}, {run.path.name}"
    learning_curves(run.rows(), curves, epoch, words, best["global_step"] / epoch)
    pictures = {path.stem: path for path in [*run.test.glob("*.png"), *run.figures.glob("*.png")]}
    summary = {f"test/{key}": value for key, value in results["metrics"].items()}
    summary |= {f"test/{key}": value for key, value in confidence_summary(results).items()}
    summary |= {f"best/{key}": value for key, value in row.items()} | {"protocol": protocol}
    tracker.report(
        summary,
        predictions.classes,
        predictions.labels,
        predictions.predicted,
        results["per_class"],
        pictures,
    )


def _look(
    run: RunFolder,
    model: FaceClassifier,
    data: FaceDataModule,
    trainer: Trainer,
    chosen: Chosen,
    epoch: int,
) -> tuple[Predictions, float]:
    """What the model says about the test part, and milliseconds per face.

    It is written down at once: where only the report was interrupted, there is no second look.
    """
    path, took = run.test / "predictions.csv", run.status.get(ANSWERED)
    if took is not None:
        with suppress(RunError):  # gone or damaged: there is no other way
            return Predictions.load(path), took
    run.look(part=chosen.part, epoch=epoch, n=len(chosen.indices))
    started = time.perf_counter()
    predictions = predict(trainer, model, data, chosen.indices)
    took = round(1000 * (time.perf_counter() - started) / len(predictions), 4)
    predictions.save(path)
    run.update(**{ANSWERED: took})
    return predictions, took

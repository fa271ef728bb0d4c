"""What a run folder tells of its model: the same that an exported file carries with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omegaconf import OmegaConf

from fer.config import CONF
from fer.errors import RunError
from fer.json_text import without_nan
from fer.models.classifiers import FaceClassifier
from fer.recognition.model_info import CropPlan, ModelInfo
from fer.runs.calibrations import calibrated_views, one_view_calibration
from fer.runs.folder import RunFolder
from fer.runs.run_names import configuration_checksum

STORED = (48, 48)
"""Height and width of the faces of data sets that are no picture files: FER2013's."""


def default_margins() -> dict[str, float]:
    """`conf/margins.yaml`: measured on FER2013, by detector."""
    margins: Any = OmegaConf.load(CONF / "margins.yaml")
    return {str(name): float(share) for name, share in margins.margins.items()}


def describe_run(
    run: RunFolder, model: FaceClassifier, margins: Mapping[str, float] | None = None
) -> ModelInfo:
    """The information of a finished run.

    Args:
        run: Its folder.
        model: Its model.
        margins: By detector; None: those of `conf/margins.yaml`.

    Raises:
        RunError: The run is not finished.
    """
    state = run.status["state"]
    if state != "finished":
        raise RunError(f"{run.path} is {state}: run its training command again first")
    settings, results = run.settings, run.results()
    found = one_view_calibration(run)
    data, crop = settings["data"], settings["augment"]["crop"]["size"]
    return ModelInfo(
        classes=model.classes,
        crop=crop_plan(data, default_margins() if margins is None else margins),
        temperature=1.0 if found is None else found.temperature,
        threshold=None if found is None else found.threshold,
        preprocessing={
            "scale": 1 / 255,
            "size": data["size"],
            "channels": data["channels"],
            "centre_crop": crop,
            "mean": model.mean.flatten().tolist(),
            "deviation": model.deviation.flatten().tolist(),
        },
        story={
            "run": run.path.name,
            "model": settings["model"]["name"],
            "data": data["name"],
            "protocol": results["protocol"],
            "part": results["part"],
            "n": results["n"],
            "views": results["test_time"],
            "calibration_views": calibrated_views(run),
            "metrics": without_nan(results["metrics"]),
            "intervals": {key: without_nan(pair) for key, pair in results["intervals"].items()},
            "versions": run.status["versions"],
            "trained": run.status["finished"],
            "configuration_sha256": configuration_checksum(settings),
        },
    )


def crop_plan(data: Mapping[str, Any], margins: Mapping[str, float]) -> CropPlan:
    """How faces are cut for a model that was trained on this data.

    Args:
        data: `conf/data`'s settings.
        margins: By detector, for faces that another detector finds than the training's.
    """
    faces = data.get("faces")
    if faces is None:
        return CropPlan(STORED, margins=dict(margins))
    own = faces["detector"]
    found = own != "none"
    return CropPlan(
        size=(faces["size"][0], faces["size"][1]),
        colour=data["channels"] == 3,
        levels=faces["levels"],
        detector=own,
        margins={**margins, own: faces["grow_share"]} if found else dict(margins),
        grow_pixels=faces["grow_pixels"] if found else 0.0,
        align=faces["align"],
        eye_height=faces["eye_height"],
        eye_distance=faces["eye_distance"],
    )

"""What a run folder says of its model's sureness."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from fer.errors import RunError
from fer.evaluation.calibration import Calibration
from fer.runs.folder import RunFolder
from fer.runs.json_files import read_json

ONE_VIEW: dict[str, Any] = {"flip": False, "crops": 1}
"""`test_time`, as a face is looked at outside a test."""


def stored_calibration(run: RunFolder) -> Calibration | None:
    """What was fitted in the views of the run's test; None where nothing was.

    Raises:
        RunError: The file is damaged.
    """
    return _read(run.calibration)


def one_view_calibration(run: RunFolder) -> Calibration | None:
    """What was fitted as a face is looked at outside a test: once.

    Of runs from before that was done, what was fitted in the views of the test.

    Raises:
        RunError: The file is damaged.
    """
    return _read(run.calibration_of_one_view) or _read(run.calibration)


def calibrated_views(run: RunFolder) -> dict[str, Any]:
    """The `test_time` in which what `one_view_calibration` gives was fitted."""
    return ONE_VIEW if run.calibration_of_one_view.is_file() else run.settings["test_time"]


def _read(path: Path) -> Calibration | None:
    if not path.is_file():
        return None
    try:
        found = Calibration(**read_json(path))
        told = {**found.as_dict(), "threshold": found.threshold or 0.0}
        for value in told.values():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError
            if not math.isfinite(value):
                raise ValueError
        if found.temperature <= 0:
            raise ValueError
        return found
    except (OSError, ValueError, TypeError, OverflowError):
        raise RunError(
            f"{path} is damaged: delete it, and evaluate the run to fit it again"
        ) from None

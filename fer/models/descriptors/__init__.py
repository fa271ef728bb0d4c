"""Faces as vectors that were thought out by hand, for classifiers that are not networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.models.descriptors.lbp import lbp
from fer.models.descriptors.lpq import lpq
from fer.models.descriptors.phog import phog
from fer.models.descriptors.pixels import pixels

DESCRIPTORS: dict[str, Callable[..., NDArray[np.float32]]] = {
    "lbp": lbp,
    "lpq": lpq,
    "phog": phog,
    "pixels": pixels,
}
"""By `model.descriptor`; the settings of each stand in `conf/model` under its name."""


def describe(images: NDArray[np.uint8], settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """The descriptor that `model.descriptor` names, of each face.

    Args:
        images: uint8 `[N, H, W]`, gray.
        settings: `conf/model`'s settings.

    Returns:
        float32 `[N, D]`; D depends on the settings, and for `pixels` on the size of the faces.

    Raises:
        ConfigError: The faces are too small for it, or scikit-image is not installed.
    """
    name = settings["descriptor"]
    return DESCRIPTORS[name](images, **settings.get(name, {}))

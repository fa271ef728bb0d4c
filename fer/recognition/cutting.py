"""A model's crop plan, carried out: faces cut as the training faces were."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer.data.readers.preparing import WholePicture
from fer.detection import Detection
from fer.detection.cropping import Cropper
from fer.recognition.model_info import CropPlan


class FaceCutter:
    """Cuts faces for a model.

    Args:
        plan: The model's.
        detector: What finds the faces: `haar`, `yunet` or `none`.
        margin: On each side of the box, as a share of its side; None: the model's own.
        align: Place faces by their eyes; None: as in training.
    """

    def __init__(
        self, plan: CropPlan, detector: str, margin: float | None = None, align: bool | None = None
    ) -> None:
        found = detector != "none"
        own = detector == plan.detector
        share = plan.margins.get(detector, 0.0) if margin is None else margin
        self.align = found and (plan.align if align is None else align)
        self._crop = Cropper(
            size=plan.size,
            grow_pixels=plan.grow_pixels if found and own and margin is None else 0.0,
            grow_share=share if found else 0.0,
            align=self.align,
            eye_height=plan.eye_height,
            eye_distance=plan.eye_distance,
            colour=plan.colour,
            levels=plan.levels,
        )
        # as the data sets take whole pictures, see fer.data.preparation
        whole = not found and plan.levels == "none"
        self._whole = WholePicture(*plan.size, plan.colour) if whole else None

    def __call__(self, image: NDArray[np.uint8], face: Detection) -> NDArray[np.uint8]:
        """The pixels of one face.

        Args:
            image: uint8 `[H, W, 3]`, RGB.
            face: Where it is.

        Returns:
            uint8 `[h, w]`, or `[h, w, 3]` where the model takes colour.
        """
        return self._crop(image, face) if self._whole is None else self._whole("", image)

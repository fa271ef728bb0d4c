"""Heat maps for some of the faces that were just evaluated, right and wrong ones of each class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fer.data.modules import FaceDataModule
from fer.data.preprocessing import evaluation_views, to_images
from fer.evaluation.heat_map_sheet import Example, heat_map_sheet
from fer.evaluation.predictions import Predictions
from fer.models.heat_maps import HeatMaps


def write_heat_maps(
    path: Path,
    maps: HeatMaps,
    data: FaceDataModule,
    indices: NDArray[np.int64],
    predictions: Predictions,
    number: int,
    caption: str,
) -> str:
    """Draws the evidence for what was predicted, right or wrong, in faces drawn at random.

    Maps are made of the picture, or its centre crop, in one view; predictions stay those of the
    evaluation's views.

    Args:
        path: PNG to write.
        maps: The model's.
        data: Opened.
        indices: int64 `[N]`, the evaluated faces.
        predictions: Of these faces, in this order.
        number: Faces of each class, half of them right where there are enough.
        caption: What was evaluated.

    Returns:
        How many of the faces have no positive evidence, in words.
    """
    chosen = choose(predictions, number)
    pixels = torch.from_numpy(np.asarray(data.faces.images[indices[chosen]]))
    images = to_images(pixels, data.data["size"], data.data["channels"])
    images = evaluation_views(images, data.augment["crop"]["size"], 1, False)
    said = predictions.predicted[chosen]
    heat = maps(images.to(maps.model.device), torch.from_numpy(said).to(maps.model.device))
    shown = (images.clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).squeeze(-1).numpy()
    examples = [
        Example(picture, spots, truth, answer, probability)
        for picture, spots, truth, answer, probability in zip(
            shown,
            heat.cpu().numpy(),
            predictions.labels[chosen].tolist(),
            said.tolist(),
            predictions.probabilities[chosen, said].tolist(),
            strict=True,
        )
    ]
    height, width = maps.cells
    without = int((heat.amax(dim=(1, 2)) == 0).sum())
    empty = f"{without} of {len(chosen)} faces have no positive evidence for the answer"
    told = (
        f"HiResCAM for the answer, at {maps.layer} ({height} x {width} cells), each map scaled by "
        f"its largest value;\nthe line is half of it; faces drawn at random (seed 0)\n{empty}"
    )
    heat_map_sheet(examples, predictions.classes, number, path, f"{caption}\n{told}")
    return empty


def choose(predictions: Predictions, number: int, seed: int = 0) -> NDArray[np.int64]:
    """Rows of `predictions`: of each class some that are right and some that are wrong.

    Args:
        predictions: Of N faces.
        number: Of each class at most; wrong ones get the smaller half.
        seed: Draws them.

    Returns:
        int64 `[M]`, class by class of the truth, right ones first.
    """
    order = np.random.default_rng(seed).permutation(len(predictions))
    right = predictions.predicted == predictions.labels
    found = []
    for k in range(len(predictions.classes)):
        own = order[predictions.labels[order] == k]
        found.append(own[right[own]][: number - number // 2])
        found.append(own[~right[own]][: number // 2])
    return np.concatenate(found)

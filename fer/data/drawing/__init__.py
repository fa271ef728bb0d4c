"""Cartoon faces drawn from action units: the hand behind the synthetic data set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer.data.drawing.actions import ActionUnits, act
from fer.data.drawing.canvas import SUPERSAMPLING, Canvas
from fer.data.drawing.features import draw_brow, draw_eye, draw_folds, draw_mouth, draw_nose
from fer.data.drawing.head import draw_front_hair, draw_glasses, draw_head
from fer.data.drawing.person import Person, Shot, invent_person, take_shot

__all__ = ["ActionUnits", "Person", "Shot", "act", "draw", "invent_person", "take_shot"]


def draw(
    person: Person, units: ActionUnits, shot: Shot, size: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw a face and take a picture of it.

    Args:
        person: Whose face.
        units: What the face does.
        shot: The circumstances of the picture.
        size: Side of the picture in pixels.
        rng: Where the sensor noise comes from.

    Returns:
        Gray levels `[size, size]`.
    """
    canvas = Canvas(size, person.face_width, shot)
    draw_head(canvas, person, units)
    draw_folds(canvas, person, units)
    draw_nose(canvas, person, units)
    draw_mouth(canvas, person, units)
    for side in (-1.0, 1.0):
        draw_eye(canvas, person, units, side)
    if person.glasses:
        draw_glasses(canvas, person)
    draw_front_hair(canvas, person)
    for side in (-1.0, 1.0):
        draw_brow(canvas, person, units, side)
    picture = np.asarray(canvas.picture.reduce(SUPERSAMPLING), dtype=np.float64)
    return _expose(picture, shot, rng)


def _expose(
    picture: NDArray[np.float64], shot: Shot, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Light the picture, blur it and add noise."""
    axis = np.linspace(-1.0, 1.0, len(picture))
    light = shot.gain + shot.gradient[0] * axis + shot.gradient[1] * axis[:, None]
    # rounds the head: the borders of the picture get less light
    light -= 0.22 * (axis**2 + 0.5 * axis[:, None] ** 2)
    lit = picture * light
    soft = lit.copy()
    soft[1:-1] = 0.25 * (lit[:-2] + lit[2:]) + 0.5 * lit[1:-1]
    soft[:, 1:-1] = 0.25 * (soft[:, :-2] + soft[:, 2:]) + 0.5 * soft[:, 1:-1]
    seen = lit + shot.blur * (soft - lit) + shot.noise * rng.standard_normal(lit.shape)
    return np.clip(np.rint(seen), 0.0, 255.0).astype(np.uint8)

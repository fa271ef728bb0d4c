"""Head, hair and glasses."""

from __future__ import annotations

import numpy as np

from fer.data.drawing.actions import ActionUnits
from fer.data.drawing.canvas import ALONG, CIRCLE_X, CIRCLE_Y, TURN, Canvas, band, points
from fer.data.drawing.features import EYE_LINE
from fer.data.drawing.person import Person


def draw_head(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Neck, ears, the face itself, and the hair behind it."""
    skin, width = person.skin, person.face_width
    if person.hair_style == "long":
        x, y = 1.2 * width * CIRCLE_X, np.where(CIRCLE_Y < 0, 1.12, 1.35) * CIRCLE_Y
        canvas.fill(x, y, person.hair, turned=False)
    if person.hair_style == "curly":
        bumps = 1.0 + 0.05 * np.sin(14.0 * TURN)
        x, y = 1.25 * width * CIRCLE_X * bumps, (0.92 * CIRCLE_Y - 0.28) * bumps
        canvas.fill(x, y, person.hair, turned=False)
    neck = 0.5 * width
    canvas.fill(*points((-neck, 0.4), (neck, 0.4), (neck, 1.6), (-neck, 1.6)), 0.72 * skin, False)
    collar = points((-neck, 1.0), (0.0, 1.2), (neck, 1.0), (1.5, 1.2), (1.5, 2.0), (-1.5, 2.0))
    canvas.fill(*collar, person.clothes, turned=False)
    ears = () if person.hair_style == "long" else (-1.0, 1.0)
    for side in ears:
        x, y = side * width + 0.09 * CIRCLE_X, 0.02 + 0.17 * CIRCLE_Y
        canvas.fill(x, y, 0.85 * skin, turned=False)
    chin = 0.93 + 0.10 * min(1.0, units[26] + units[27])
    below = np.maximum(CIRCLE_Y, 0.0)
    square = np.where(CIRCLE_Y < 0, CIRCLE_X, np.sign(CIRCLE_X) * np.abs(CIRCLE_X) ** 0.8)
    x = width * square * (1.0 - person.jaw * below**2)
    y = np.where(CIRCLE_Y < 0, 0.98, chin) * CIRCLE_Y
    canvas.fill(x, y, skin, turned=False)
    if person.beard:
        jaw = below > 0.15
        top = 0.34 - 0.24 * np.abs(ALONG) ** 3
        outline = np.append(x[jaw], 0.95 * width * ALONG), np.append(y[jaw], top)
        canvas.fill(*outline, skin * (1.0 - person.beard), turned=False)


def draw_front_hair(canvas: Canvas, person: Person) -> None:
    """Hair that lies on the forehead."""
    if person.hair_style == "bald":
        return
    width = person.face_width * 1.05
    skull = -1.08 * np.sqrt(1.0 - 0.98 * np.abs(ALONG) ** 2.4)
    if person.hair_style == "parted":
        line = -0.82 + 0.75 * np.abs(0.8 * ALONG - 0.3) ** 1.6
    elif person.hair_style == "fringe":
        line = -0.60 + 0.03 * np.sin(14.0 * ALONG) + 0.50 * ALONG**8
    elif person.hair_style == "long":
        line = -0.86 + 1.15 * np.abs(ALONG) ** 2.4
    elif person.hair_style == "curly":
        line = -0.70 + 0.04 * np.sin(11.0 * ALONG) + 0.55 * np.abs(ALONG) ** 5
    else:
        line = -0.74 + 0.66 * ALONG**8
    canvas.fill(*band(ALONG * width, skull, np.maximum(line, skull)), person.hair, turned=False)


def draw_glasses(canvas: Canvas, person: Person) -> None:
    """Rims, bridge and temples."""
    for side in (-1.0, 1.0):
        x, y = side * person.eye_distance + 0.255 * CIRCLE_X, EYE_LINE + 0.02 + 0.21 * CIRCLE_Y
        canvas.stroke(x, y, 0.03, 30.0)
        temple = points(
            (side * (person.eye_distance + 0.25), EYE_LINE), (side * person.face_width, EYE_LINE)
        )
        canvas.stroke(*temple, 0.03, 30.0)
    gap = person.eye_distance - 0.25
    canvas.stroke(*points((-gap, EYE_LINE), (gap, EYE_LINE)), 0.03, 30.0)

"""Brows, eyes, nose, mouth and folds: what the action units move."""

from __future__ import annotations

import numpy as np

from fer.data.drawing.actions import ActionUnits
from fer.data.drawing.canvas import (
    ALONG,
    BOW,
    CIRCLE_X,
    CIRCLE_Y,
    Canvas,
    Curve,
    band,
    points,
)
from fer.data.drawing.person import Person

EYE_LINE = -0.10
MOUTH_LINE = 0.50


def draw_brow(canvas: Canvas, person: Person, units: ActionUnits, side: float) -> None:
    """One brow, from above the nose outwards.

    Args:
        canvas: What is drawn on.
        person: Whose it is.
        units: Strengths of the action units, 0 to 1, by their numbers.
        side: -1: the one on the left, 1: on the right.
    """
    base = EYE_LINE - person.brow_height + 0.08 * units[9]
    inner = base - 0.17 * units[1] + 0.15 * units[4] + 0.05 * units[9] + person.brow_tilt
    middle = base - 0.03 - 0.06 * units[1] - 0.13 * units[2] + 0.08 * units[4]
    outer = base + 0.03 - 0.13 * units[2] + 0.02 * units[4] + 0.04 * units[1] - person.brow_tilt
    start = person.eye_distance - 0.19 - 0.06 * units[4]
    along = 0.5 * (ALONG + 1.0)
    x = start + along * (person.eye_distance + 0.21 - start)
    y = (
        inner * (1 - along) ** 2
        + 2.0 * (2.0 * middle - 0.5 * (inner + outer)) * along * (1 - along)
        + outer * along**2
    )
    half = 0.5 * person.brow_thickness * (1.0 - 0.65 * along**2)
    tone = min(person.hair, 0.62 * person.skin)
    canvas.fill(*band(side * x, y - half, y + half), tone)


def draw_eye(canvas: Canvas, person: Person, units: ActionUnits, side: float) -> None:
    """White, iris, pupil and lids of one eye.

    Args:
        canvas: What is drawn on.
        person: Whose it is.
        units: Strengths of the action units, 0 to 1, by their numbers.
        side: -1: the one on the left, 1: on the right.
    """
    closing = max(0.0, 1.0 - units[43])
    squint = 0.40 * units[6] + 0.38 * units[7] + 0.30 * units[9]
    above = 0.115 * person.eye_opening * max(0.1, 1.0 + 0.6 * units[5] - 0.8 * squint) * closing
    below = 0.075 * person.eye_opening * max(0.1, 1.0 + 0.2 * units[5] - 1.1 * squint)
    slant = person.eye_slant - 0.05 * units[1] + 0.04 * units[4]
    across = ALONG * person.eye_width
    x = side * (person.eye_distance + across)
    tilt = EYE_LINE - slant * ALONG
    upper = tilt - above * BOW + (1.0 - closing) * 0.8 * below * BOW
    lower = tilt + below * BOW
    dark = 0.28 * person.skin
    canvas.fill(*band(x, upper, lower), min(250.0, 110.0 + 0.62 * person.skin))
    iris_x = 0.095 * CIRCLE_X
    top, bottom = np.interp(iris_x, across, upper), np.interp(iris_x, across, lower)
    for share, tone in ((1.0, person.iris), (0.45, 8.0)):
        iris_y = np.clip(EYE_LINE - 0.01 + 0.095 * share * CIRCLE_Y, top, bottom)
        canvas.fill(side * (person.eye_distance + share * iris_x), iris_y, tone)
    canvas.stroke(x, upper, 0.045, dark)
    canvas.stroke(x, lower, 0.02, 0.62 * person.skin)
    lid = upper - 0.055 - 0.02 * BOW
    canvas.stroke(x[2:-2], lid[2:-2], 0.018, 0.74 * person.skin)


def draw_nose(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """The nose and the wrinkles across its root."""
    lift = 0.05 * units[9] + 0.02 * units[10]
    base = EYE_LINE + person.nose_length - lift
    width = person.nose_width * (1.0 + 0.2 * units[9])
    shade = 0.80 * person.skin
    canvas.fill(*points((0.0, -0.15), (0.5 * width, base), (width, base)), 0.90 * person.skin)
    x = width * ALONG
    canvas.stroke(x, base - 0.05 + 0.06 * BOW, 0.035, shade - 0.15 * person.skin)
    for side in (-1.0, 1.0):
        x, y = side * 0.55 * width + 0.035 * CIRCLE_X, base - 0.005 + 0.02 * CIRCLE_Y
        canvas.fill(x, y, 0.35 * person.skin)
    if units[9] > 0.1:
        for height in (-0.13, -0.04, 0.05):
            y = height + 0.05 * BOW - 0.02
            canvas.stroke(0.11 * ALONG, y, 0.03, person.skin * (1.0 - 0.40 * units[9]))


def draw_mouth(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Lips, teeth and what an open mouth shows."""
    jaw = units[26] + units[27]
    opening = 0.12 * units[25] + 0.24 * jaw
    pressed = min(1.0, 0.9 * units[24] + 0.6 * units[23])
    half = person.mouth_width * max(
        0.5, 1.0 + 0.30 * units[12] + 0.38 * units[20] - 0.32 * jaw - 0.15 * pressed
    )
    raised = 0.09 * units[10] + 0.04 * units[9] + 0.05 * units[17]
    middle = MOUTH_LINE - raised - 0.35 * opening + 0.02 * units[12]
    corner = (
        MOUTH_LINE
        + person.mouth_curve
        - 0.17 * units[12]
        + 0.15 * units[15]
        + 0.05 * units[20]
        + 0.04 * units[10]
        + 0.15 * opening
    )
    x = half * ALONG
    upper = corner + (middle - corner) * BOW
    lower = upper + opening * (BOW if jaw > 0.3 else BOW**0.6) - 0.05 * units[17] * BOW
    lower = np.maximum(lower + 0.05 * units[16] * BOW * (units[25] > 0.0), upper)
    full = person.lips * (1.0 - 0.7 * pressed)
    bow = np.abs(ALONG)
    lip_above = 0.055 * full * BOW**0.7 * (0.85 + 0.5 * bow)
    lip_below = 0.080 * full * BOW**0.7 * (1.0 + 0.5 * units[17])
    lip = 0.70 * person.skin
    canvas.fill(*band(x, upper - lip_above, lower + lip_below), lip)
    if opening > 0.03:
        canvas.fill(*band(x, upper, lower), 0.16 * person.skin)
        teeth = upper + np.minimum(0.075 + 0.04 * units[12], 0.75 * (lower - upper))
        canvas.fill(*band(0.92 * x, upper, teeth), 235.0)
    else:
        canvas.stroke(x, upper, 0.035, 0.30 * person.skin)


def draw_folds(canvas: Canvas, person: Person, units: ActionUnits) -> None:
    """Wrinkles that the action units press into the skin."""
    skin = person.skin

    def crease(x: Curve, y: Curve, strength: float) -> None:
        if strength > 0.12:
            canvas.stroke(x, y, 0.035, skin * (1.0 - 0.38 * min(1.0, strength)))

    brow = EYE_LINE - person.brow_height
    for height in (0.22, 0.30):
        y = brow - height + 0.03 * BOW
        crease(0.28 * ALONG, y, min(units[1], units[2] + 0.4 * units[4]))
    pull = max(units[12], 0.9 * units[10], 0.8 * units[9])
    corner = MOUTH_LINE - 0.10 * units[12]
    reach = person.mouth_width * (1.0 + 0.3 * units[12]) + 0.09
    for side in (-1.0, 1.0):
        crease(*points((side * 0.05, brow + 0.18), (side * 0.055, brow - 0.02)), units[4])
        wing = person.nose_width + 0.03
        x, y = points(
            (side * wing, EYE_LINE + person.nose_length - 0.06),
            (side * (0.45 * wing + 0.55 * reach), 0.5 * (corner + 0.28)),
            (side * reach, corner + 0.05),
        )
        crease(x, y, pull)
        x = side * person.eye_distance + 0.17 * ALONG
        crease(x, EYE_LINE + 0.14 + 0.04 * BOW, max(units[6], 0.6 * units[9]))
        outside = side * (person.eye_distance + person.eye_width)
        for slope in (-0.07, 0.05):
            start = outside + side * 0.05
            ends = (start, EYE_LINE + slope), (start + side * 0.08, EYE_LINE + 2.2 * slope)
            crease(*points(*ends), units[6])
    crease(0.14 * ALONG, MOUTH_LINE + 0.24 - 0.05 * BOW, max(units[17], 0.5 * units[15]))

"""Who a synthetic face belongs to, and how one picture of it was taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

HAIR_STYLES = ("bald", "short", "parted", "fringe", "long", "curly")


@dataclass(frozen=True)
class Person:
    """What stays the same over all faces of a person. Lengths in half face heights.

    Attributes:
        skin: Gray level of the skin.
        hair: Gray level of hair and brows.
        hair_style: One of `HAIR_STYLES`.
        face_width: Half width of the face at the cheek bones.
        jaw: How much the face narrows towards the chin, 0 to 1.
        eye_distance: From the middle of the face to the middle of an eye.
        eye_width: Half width of an eye.
        eye_opening: Height of an eye at rest, 1 on average.
        eye_slant: How much the outer corners lie above the inner ones.
        iris: Gray level of the iris.
        brow_height: From the middle of the eye to the brow at rest.
        brow_tilt: How much the inner end of the brow hangs at rest.
        brow_thickness: Of the brow at its inner end.
        nose_width: Half width of the nose at its wings.
        nose_length: From the eyes to the base of the nose.
        mouth_width: Half width of the mouth at rest.
        mouth_curve: How much the corners of the mouth hang at rest.
        lips: Thickness of the lips, 1 on average.
        glasses: Whether the person wears any.
        clothes: Gray level of the clothes.
        beard: Gray share of beard shadow, 0 for none.
    """

    skin: float
    hair: float
    hair_style: str
    face_width: float
    jaw: float
    eye_distance: float
    eye_width: float
    eye_opening: float
    eye_slant: float
    iris: float
    brow_height: float
    brow_tilt: float
    brow_thickness: float
    nose_width: float
    nose_length: float
    mouth_width: float
    mouth_curve: float
    lips: float
    glasses: bool
    clothes: float
    beard: float


def invent_person(rng: np.random.Generator) -> Person:
    """Draw a person."""
    skin = rng.uniform(120.0, 215.0)
    grey = rng.random() < 0.2 and skin < 200.0
    return Person(
        skin=skin,
        hair=rng.uniform(160.0, 215.0) if grey else rng.uniform(18.0, 0.5 * skin),
        hair_style=HAIR_STYLES[int(rng.integers(len(HAIR_STYLES)))],
        face_width=rng.uniform(0.68, 0.80),
        jaw=rng.uniform(0.10, 0.38),
        eye_distance=rng.uniform(0.30, 0.36),
        eye_width=rng.uniform(0.17, 0.21),
        eye_opening=rng.uniform(0.82, 1.18),
        eye_slant=rng.uniform(-0.02, 0.05),
        iris=rng.uniform(25.0, 90.0),
        brow_height=rng.uniform(0.27, 0.35),
        brow_tilt=rng.normal(0.0, 0.015),
        brow_thickness=rng.uniform(0.07, 0.115),
        nose_width=rng.uniform(0.10, 0.16),
        nose_length=rng.uniform(0.32, 0.42),
        mouth_width=rng.uniform(0.29, 0.37),
        mouth_curve=rng.normal(0.0, 0.015),
        lips=rng.uniform(0.7, 1.35),
        glasses=rng.random() < 0.15,
        clothes=rng.uniform(20.0, 235.0),
        beard=rng.uniform(0.12, 0.40) if rng.random() < 0.12 else 0.0,
    )


@dataclass(frozen=True)
class Shot:
    """How one picture was taken.

    Attributes:
        roll: In-plane rotation, radians.
        yaw: Turn to the side, radians.
        scale: Half face height as a share of the half image height.
        shift: Of the face, (x, y) in half image heights.
        background: Gray level behind the face.
        gain: Brightness of the light.
        gradient: Change of the light along (x, y), per half image height.
        blur: Weight of the blurred picture, 0 to 1.
        noise: Standard deviation of the sensor noise in gray levels.
    """

    roll: float
    yaw: float
    scale: float
    shift: tuple[float, float]
    background: float
    gain: float
    gradient: tuple[float, float]
    blur: float
    noise: float


def take_shot(rng: np.random.Generator) -> Shot:
    """Draw the circumstances of a picture."""
    angle = rng.uniform(0.0, 2.0 * np.pi)
    slope = rng.uniform(0.0, 0.3)
    return Shot(
        roll=rng.normal(0.0, 0.09),
        yaw=rng.normal(0.0, 0.09),
        scale=rng.uniform(0.92, 1.08),
        shift=(rng.normal(0.0, 0.045), rng.normal(0.0, 0.045)),
        background=rng.uniform(30.0, 225.0),
        gain=rng.uniform(0.80, 1.15),
        gradient=(slope * np.cos(angle), slope * np.sin(angle)),
        blur=rng.uniform(0.0, 0.6),
        noise=rng.uniform(1.0, 5.0),
    )

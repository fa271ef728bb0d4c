"""Which facial muscles an expression moves, as action units of the Facial Action Coding System.

The variants follow the prototypes of Ekman and Friesen (Facial Action Coding System, 1978, and
EMFACS, 1983): happiness 6+12, sadness 1+4+15, surprise 1+2+5+26, fear 1+2+4+5+7+20+26, anger
4+5+7+23, disgust 9+15+16, each with its usual company (open or pressed lips, raised chin).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

ActionUnits = Sequence[float]
"""Intensity of each action unit, 0 (rest) to about 1 (extreme), at the index of its number."""

AU_COUNT = 44

VARIANTS: dict[str, tuple[dict[int, float], ...]] = {
    "angry": (
        {4: 1.15, 5: 0.5, 7: 0.8, 23: 1.0},
        {4: 1.15, 7: 0.9, 17: 0.6, 24: 1.0},
        {4: 1.1, 5: 0.7, 7: 0.6, 10: 0.7, 16: 0.5, 23: 0.4, 25: 1.0, 26: 0.3},
    ),
    "disgust": (
        {7: 0.5, 9: 1.0, 10: 0.5, 17: 0.6},
        {4: 0.3, 9: 1.0, 10: 0.8, 15: 0.5, 17: 0.3},
        {7: 0.6, 9: 0.9, 10: 0.9, 15: 0.4, 16: 0.7, 25: 0.6},
    ),
    "fear": (
        {1: 1.0, 2: 0.6, 4: 0.7, 5: 1.0, 20: 1.0, 25: 0.7},
        {1: 1.0, 2: 0.5, 4: 0.6, 5: 0.9, 7: 0.3, 20: 0.9, 25: 0.7, 26: 0.35},
        {1: 0.9, 4: 0.8, 5: 1.0, 15: 0.2, 20: 1.0, 25: 0.3},
    ),
    "happy": (
        {6: 0.7, 12: 0.9},
        {6: 0.9, 12: 1.0, 25: 0.9},
        {6: 1.0, 12: 1.0, 25: 1.0, 26: 0.5},
    ),
    "sad": (
        {1: 1.0, 4: 0.5, 15: 1.0},
        {1: 0.9, 4: 0.6, 15: 0.9, 17: 0.8, 43: 0.3},
        {1: 0.8, 4: 0.3, 11: 0.5, 15: 0.8, 25: 0.25, 43: 0.45},
    ),
    "surprise": (
        {1: 0.9, 2: 1.0, 5: 0.7, 25: 0.6, 26: 0.8},
        {1: 1.0, 2: 1.0, 5: 0.8, 25: 0.7, 26: 0.5, 27: 0.6},
        {1: 0.9, 2: 1.0, 5: 0.6, 25: 0.5, 26: 0.5},
    ),
    "neutral": ({},),
}
"""The ways each expression is shown: intensity of its action units when shown in full."""

WEAKEST = 0.65
"""The faintest an expression is shown, as a share of the full intensity."""


def act(expression: str, rng: np.random.Generator) -> ActionUnits:
    """Draw the action units of one face that shows an expression.

    The expression is weak or strong as a whole, each of its units varies about that, one in
    twenty     stays away, and what faces do anyhow (talk, blink, twitch) comes on top.

    Args:
        expression: A key of `VARIANTS`.
        rng: Where chance comes from.

    Returns:
        One intensity for each number up to 43, 0 where no such unit exists.
    """
    units = [0.0] * AU_COUNT
    variants = VARIANTS[expression]
    chosen = variants[int(rng.integers(len(variants)))]
    strength = WEAKEST + (1.0 - WEAKEST) * rng.random() ** 0.8
    for number, full in chosen.items():
        share = rng.uniform(0.7, 1.15)
        if rng.random() > 0.05:
            units[number] = full * strength * share
    for number in (1, 2, 4, 7, 12, 15):
        units[number] = max(0.0, units[number] + rng.normal(0.0, 0.04))
    if rng.random() < 0.08:
        units[25] = max(units[25], rng.uniform(0.1, 0.4))
    if rng.random() < 0.03:
        units[43] = max(units[43], rng.uniform(0.4, 1.0))
    return units

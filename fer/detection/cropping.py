"""The geometry between a found face and the picture a network gets; the same in training and live.

Coordinates are continuous: the first pixel covers 0 to 1, so a box of whole numbers cuts exactly
these pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.detection import Box, Detection, Point
from fer.detection.levels import normalise_levels

Matrix = NDArray[np.float64]
"""`[2, 3]`: takes (x, y, 1) of the picture to (x, y) of the crop, both continuous."""

LONGEST = 32_766
"""Pixels on a side of the largest picture that OpenCV warps."""

DRAWN = 4096
"""Pixels on a side of the largest picture that is drawn before it is averaged. Ours: 50 MB."""


@dataclass(frozen=True)
class Cropper:
    """Cuts a found face out of its picture.

    Attributes:
        size: Height and width of the crop, in pixels.
        grow_pixels: Added on each side of the box, in pixels of the picture.
        grow_share: Added on each side of the box, as a share of its width and height.
        align: Turn, shift and scale the face so that its eyes are level and at fixed places;
            where the eyes are unknown the box is cut.
        eye_height: Of aligned eyes, from the top of the crop, as a share of its height.
        eye_distance: Between aligned eyes, as a share of the crop's width.
        colour: Whether the crop stays RGB.
        levels: Gray-level normalisation, see `normalise_levels`.
    """

    size: tuple[int, int]
    grow_pixels: float = 0.0
    grow_share: float = 0.0
    align: bool = False
    eye_height: float = 0.35
    eye_distance: float = 0.5
    colour: bool = True
    levels: str = "none"

    def aligns(self, face: Detection) -> bool:
        """Whether this face's crop is placed by its eyes."""
        return self.align and face.eyes is not None and face.eyes[0] != face.eyes[1]

    def __call__(self, image: NDArray[np.uint8], face: Detection) -> NDArray[np.uint8]:
        """The crop of one face.

        Args:
            image: uint8 `[H, W, 3]`, RGB.
            face: Where the face is.

        Returns:
            uint8 `[h, w, 3]`, or `[h, w]` where `colour` is false. What lies beyond the picture
            repeats its border.
        """
        if self.aligns(face):
            assert face.eyes is not None
            matrix = eye_matrix(face.eyes, self.size, self.eye_height, self.eye_distance)
        else:
            box = grow(face.box, self.grow_pixels, self.grow_share)
            matrix = box_matrix(fill_shape(box, self.size), self.size)
        crop = warp(image, matrix, self.size)
        if not self.colour:
            crop = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        return normalise_levels(crop, self.levels)


def choose(faces: Sequence[Detection], rule: str, shape: Sequence[int]) -> Detection:
    """The face that a picture is about.

    Args:
        faces: At least one.
        rule: `largest` box, or `central`: the box whose centre is next to the picture's.
        shape: Height and width of the picture, in pixels.
    """
    if rule == "largest":
        return max(faces, key=lambda face: face.w * face.h)
    middle = (shape[1] / 2, shape[0] / 2)
    return min(
        faces, key=lambda face: math.dist((face.x + face.w / 2, face.y + face.h / 2), middle)
    )


def grow(box: Box, pixels: float = 0.0, share: float = 0.0) -> Box:
    """A box with more around the face, on each side `pixels` and `share` of its side.

    Examples:
        >>> grow((100, 50, 40, 60), pixels=20)
        (80.0, 30.0, 80.0, 100.0)
        >>> grow((100, 50, 40, 60), share=0.25)
        (90.0, 35.0, 60.0, 90.0)
    """
    x, y, w, h = box
    across, down = float(pixels + share * w), float(pixels + share * h)
    return x - across, y - down, w + 2 * across, h + 2 * down


def fill_shape(box: Box, size: tuple[int, int]) -> Box:
    """The smallest box around the same centre with the shape of `size`, height and width.

    A face then keeps its proportions.

    Examples:
        >>> fill_shape((0, 0, 100, 100), (150, 100))
        (0.0, -25.0, 100.0, 150.0)
    """
    x, y, w, h = box
    height, width = size
    side = max(w / width, h / height)
    return (
        x + w / 2 - side * width / 2,
        y + h / 2 - side * height / 2,
        side * width,
        side * height,
    )


def box_matrix(box: Box, size: tuple[int, int]) -> Matrix:
    """Takes a box to a whole crop of `size`, height and width."""
    x, y, w, h = box
    across, down = size[1] / w, size[0] / h
    return np.array([[across, 0, -across * x], [0, down, -down * y]])


def eye_matrix(
    eyes: tuple[Point, Point], size: tuple[int, int], eye_height: float, eye_distance: float
) -> Matrix:
    """Turns, scales and shifts so that both eyes get to their places in a crop of `size`.

    Args:
        eyes: Centres; the first gets to the left.
        size: Height and width of the crop.
        eye_height: From the top, as a share of the height.
        eye_distance: Between the eyes, as a share of the width; their middle is the crop's.
    """
    (x0, y0), (x1, y1) = eyes
    apart = math.dist((x0, y0), (x1, y1))
    factor = eye_distance * size[1] / apart
    cos, sin = factor * (x1 - x0) / apart, factor * (y1 - y0) / apart
    turn = np.array([[cos, sin], [-sin, cos]])
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    shift = np.array([size[1] / 2, size[0] * eye_height]) - turn @ middle
    return np.column_stack([turn, shift])


def warp(image: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draws the crop that a matrix describes; linear where it enlarges, averages where it shrinks.

    Args:
        image: uint8 `[H, W]` or `[H, W, 3]`.
        matrix: From the picture to the crop.
        size: Height and width of the crop.

    Returns:
        uint8 `[h, w]` or `[h, w, 3]`; beyond the picture its border is repeated.
    """
    height, width = size
    factor = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    finer = max(1, math.ceil(1 / factor - 1e-6))
    coarser = math.ceil(finer / max(1, DRAWN // max(size)))
    if coarser > 1 or max(image.shape[:2]) > LONGEST:
        image, matrix = _part(image, matrix, size, coarser)
        finer = math.ceil(finer / coarser)
    # OpenCV's coordinates are of pixel centres: shift by half a pixel there and back
    centres = matrix * finer
    centres[:, 2] += centres[:, :2] @ (0.5, 0.5) - 0.5
    drawn = cv2.warpAffine(
        image,
        centres,
        (width * finer, height * finer),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if finer > 1:
        drawn = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(drawn, dtype=np.uint8)


def _part(
    image: NDArray[np.uint8], matrix: Matrix, size: tuple[int, int], coarser: int
) -> tuple[NDArray[np.uint8], Matrix]:
    """What a crop shows of a picture, `coarser` times smaller, and the matrix from there."""
    height, width = size
    corners = np.array([[0, width, 0, width], [0, 0, height, height]])
    seen = np.linalg.solve(matrix[:, :2], corners - matrix[:, 2:])
    ends, around = np.array([image.shape[1], image.shape[0]]), 2 * coarser
    low = np.clip(np.floor(seen.min(axis=1)).astype(int) - around, 0, ends - 1)
    high = np.clip(np.ceil(seen.max(axis=1)).astype(int) + around, low + 1, ends)
    part = image[low[1] : high[1], low[0] : high[0]]
    small = -(-(high - low) // coarser)
    if coarser > 1:
        shape = (int(small[0]), int(small[1]))
        part = np.asarray(cv2.resize(part, shape, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    turn = matrix[:, :2]
    return part, np.column_stack([turn * ((high - low) / small), turn @ low + matrix[:, 2]])

"""Nearly equal pictures: the same photograph, cropped, scaled, lit or compressed otherwise.

Every image becomes a short vector: down-sampled, its mean taken off, its length made one. Pairs
whose vectors have a high cosine are candidates; a candidate is kept where its full pixels agree as
well, once both images are laid over each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fer.data.preprocessing import to_images

SIDE = 48
"""Images are compared at this size, in gray."""

_SMALL = 12
_BLOCK = 2048
_SHIFT = 4
_Float = NDArray[np.float32]
_Int = NDArray[np.int64]


@dataclass(frozen=True)
class NearCopies:
    """Pairs of images that are nearly the same.

    Attributes:
        first: int64 `[P]`, indices of images.
        second: int64 `[P]`, indices of images, each above its partner in `first`.
        distance: float32 `[P]`, ascending: mean absolute difference of pixels, in deviations.
        mirrored: bool `[P]`, the second image is the mirror image of the first.
    """

    first: _Int
    second: _Int
    distance: _Float
    mirrored: NDArray[np.bool_]

    def __len__(self) -> int:
        """The number of pairs, P."""
        return len(self.first)


def find_near_copies(
    images: NDArray[np.uint8],
    chosen: _Int,
    cosine: float = 0.9,
    distance: float = 0.28,
    mirrored: bool = True,
) -> NearCopies:
    """Compares all chosen images with each other.

    Args:
        images: uint8 `[N, H, W]` or `[N, H, W, 3]`.
        chosen: int64 `[M]`, ascending, one image of each group of exact copies.
        cosine: Candidates are pairs above it, 0 to 1.
        distance: Kept are candidates of at most this distance, in deviations of the pixels.
        mirrored: Compare each image with the others' mirror images too.

    Returns:
        The pairs, nearest first.
    """
    faces = _gray(images, chosen)
    found = [_pairs(faces, faces, cosine, distance, False)]
    if mirrored:
        found.append(_pairs(faces, faces[:, :, ::-1], cosine, distance, True))
    first, second, apart, turned = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.lexsort((second, first, apart))
    return NearCopies(chosen[first[order]], chosen[second[order]], apart[order], turned[order])


def _gray(images: NDArray[np.uint8], chosen: _Int) -> _Float:
    """float32 `[M, SIDE, SIDE]`, 0 to 1."""
    faces = np.empty((len(chosen), SIDE, SIDE), dtype=np.float32)
    for start in range(0, len(chosen), _BLOCK):
        pixels = torch.from_numpy(np.asarray(images[chosen[start : start + _BLOCK]]))
        faces[start : start + _BLOCK] = to_images(pixels, SIDE, 1)[:, 0].numpy()
    return faces


def _pairs(
    faces: _Float, others: _Float, cosine: float, distance: float, mirrored: bool
) -> tuple[_Int, _Int, _Float, NDArray[np.bool_]]:
    """Candidates by cosine, kept by distance."""
    first, second = _candidates(_vectors(faces), _vectors(others), cosine)
    apart = np.empty(len(first), dtype=np.float32)
    for start in range(0, len(first), _BLOCK):
        part = slice(start, start + _BLOCK)
        apart[part] = aligned_distance(faces[first[part]], others[second[part]])
    near = apart <= distance
    return first[near], second[near], apart[near], np.full(near.sum(), mirrored)


def _vectors(faces: _Float) -> _Float:
    """Down-sampled images as vectors `[M, _SMALL ** 2]` of mean 0 and length 1; blank: 0."""
    step = SIDE // _SMALL
    small = faces.reshape(len(faces), _SMALL, step, _SMALL, step).mean(axis=(2, 4))
    vectors = small.reshape(len(faces), -1)
    vectors -= vectors.mean(axis=1, keepdims=True)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: _Float = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-3)
    return unit


def _candidates(vectors: _Float, others: _Float, cosine: float) -> tuple[_Int, _Int]:
    """Pairs (i, j), i < j, whose cosine is above the threshold, block by block."""
    first, second = [], []
    for top in range(0, len(vectors), _BLOCK):
        for left in range(top, len(others), _BLOCK):
            alike = vectors[top : top + _BLOCK] @ others[left : left + _BLOCK].T
            i, j = np.nonzero(alike > cosine)
            ordered = i + top < j + left
            first.append(i[ordered] + top)
            second.append(j[ordered] + left)
    if not first:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(first), np.concatenate(second)


def aligned_distance(left: _Float, right: _Float) -> _Float:
    """How much the pixels of pairs differ once each pair is laid over each other.

    The shift, at most four pixels each way, is where the cross-correlation is highest. On what both
    images show, brightness and contrast are made equal (mean 0, deviation 1).

    Args:
        left: float32 `[P, SIDE, SIDE]`.
        right: float32 `[P, SIDE, SIDE]`.

    Returns:
        float32 `[P]`, the mean absolute difference in deviations: 0 for equal images, about 1.1 for
        unrelated ones.
    """
    spectrum = np.fft.rfft2(_standard(left)) * np.fft.rfft2(_standard(right)).conj()
    alike = np.fft.irfft2(spectrum, s=(SIDE, SIDE))
    reach = np.arange(-_SHIFT, _SHIFT + 1)
    near = alike[:, reach[:, None], reach]
    best = near.reshape(len(left), -1).argmax(axis=1)
    apart = np.empty(len(left), dtype=np.float32)
    for place in np.unique(best):
        down, across = reach[place // len(reach)], reach[place % len(reach)]
        at = best == place
        one = left[at][:, _overlap(down), _overlap(across)]
        other = right[at][:, _overlap(-down), _overlap(-across)]
        apart[at] = np.abs(_standard(one) - _standard(other)).mean(axis=(1, 2))
    return apart


def _overlap(shift: int) -> slice:
    """What stays of a side when the other image is moved by `shift`."""
    return slice(max(0, shift), SIDE + min(0, shift))


def _standard(faces: _Float) -> _Float:
    """Each image with mean 0 and deviation 1."""
    mean = faces.mean(axis=(1, 2), keepdims=True)
    deviation = faces.std(axis=(1, 2), keepdims=True)
    standard: _Float = (faces - mean) / np.maximum(deviation, 1e-3)
    return standard

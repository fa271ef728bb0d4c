"""Make pictures laid out as SFEW's film stills, out of faces that can be had.

python experiments/farahani/make_stills.py stills --fer2013 fer2013.zip
python experiments/farahani/make_stills.py stills                # synthetic faces

SFEW is given out under a licence only. This makes `<folder>/<class>/<name>.png`: colour scenes with
a face of FER2013's training part (or a synthetic one), enlarged, tinted, turned a little and put in
at a random place, 100 of each class and 75 of disgust as in the study; no face is used twice. A
share of the scenes (the study: 45 false faces in 675) has no face at all but blobs that Haar
cascades mistake for one. Beside the class folders, `true_boxes.csv` has a row per picture: name, x,
y, w, h in pixels, empty where there is no face. The same arguments make the same pictures.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer.data.cache import open_faces
from fer.data.faces import SEVEN
from fer.data.readers.fer2013 import Fer2013Reader
from fer.data.synthetic import draw_face

COUNTS = dict.fromkeys(SEVEN, 100) | {"disgust": 75}
SHAPES = ((576, 720), (480, 640), (360, 640), (540, 960))
"""Height and width of a still; the first is SFEW's own."""

FACE = (0.3, 0.6)
"""Side of the face's square, as a share of the still's height."""

TURN = 12.0
"""Degrees to either side."""

FALSE_SHARE = 45 / 675
GRAINS = (16, 32, 64, 128)
"""Pixels between the random values that make up a texture, from fine to coarse."""

Colour = NDArray[np.float32]
"""float32 `[H, W, 3]`, RGB, 0 to 255."""


def main() -> None:
    """Write the pictures and their true boxes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="receives the class folders")
    parser.add_argument("--fer2013", type=Path, help="FER2013 in any form; without it synthetic")
    parser.add_argument("--cache", type=Path, default=Path("outputs/cache"))
    parser.add_argument("--per-class", type=int, help="pictures per class (100, disgust 75)")
    parser.add_argument("--false-share", type=float, default=FALSE_SHARE)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    counts = dict.fromkeys(SEVEN, chosen.per_class) if chosen.per_class else COUNTS
    if chosen.fer2013:
        face_of = fer2013_faces(chosen.fer2013, chosen.cache, chosen.seed)
    else:
        face_of = synthetic_faces(chosen.seed)
    rows = make_stills(chosen.folder, face_of, counts, chosen.false_share, chosen.seed)
    without = sum(not row[1] for row in rows)
    print(f"{chosen.folder}: {len(rows)} pictures, {without} without a face")


def make_stills(
    folder: Path,
    face_of: Callable[[int, int], NDArray[np.uint8]],
    counts: dict[str, int],
    false_share: float,
    seed: int,
) -> list[tuple[str, ...]]:
    """Write pictures for each class, and `true_boxes.csv`.

    Args:
        folder: Receives the class folders.
        face_of: Gives the gray face uint8 `[side, side]` of a label and a number from 0.
        counts: Pictures per class.
        false_share: Pictures of each class without a face, 0 to 1; rounded.
        seed: Decides everything.

    Returns:
        The rows of `true_boxes.csv`.
    """
    rows: list[tuple[str, ...]] = []
    for label, (expression, count) in enumerate(counts.items()):
        (folder / expression).mkdir(parents=True, exist_ok=True)
        order = np.random.default_rng((seed, label)).permutation(count)
        empty = set(order[: round(false_share * count)].tolist())
        for number in range(count):
            rng = np.random.default_rng((seed, label, number))
            picture = scene(rng)
            if number in empty:
                add_decoy(picture, rng)
                box: tuple[str, ...] = ("", "", "", "")
            else:
                box = tuple(map(str, add_face(picture, face_of(label, number), rng)))
            name = f"{expression}/still_{number:03d}.png"
            grain = rng.normal(0, 3, picture.shape)
            pixels = (picture + grain).clip(0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / name), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
            rows.append((name, *box))
    with (folder / "true_boxes.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("name", "x", "y", "w", "h"), *rows])
    return rows


def scene(rng: np.random.Generator) -> Colour:
    """A textured room without a face: soft noise of several grains, and a few plain things."""
    height, width = SHAPES[rng.integers(len(SHAPES))]
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = rng.uniform(60, 160, 3)
    for grain in GRAINS:
        coarse = rng.normal(0, 10, (height // grain + 2, width // grain + 2, 3))
        picture += cv2.resize(
            coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
    for _ in range(rng.integers(3, 9)):
        corner = rng.integers(0, (width, height))
        side = rng.integers(height // 12, height // 2, 2)
        thing, shade = picture.copy(), rng.uniform(20, 230, 3).tolist()
        if rng.random() < 0.5:
            cv2.rectangle(thing, corner.tolist(), (corner + side).tolist(), shade, -1)
        else:
            axes = (side // 2).tolist()
            cv2.ellipse(thing, corner.tolist(), axes, rng.uniform(0, 180), 0, 360, shade, -1)
        picture += 0.6 * (thing - picture)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), dtype=np.float32)


def add_face(
    picture: Colour, face: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """Blend a gray face in; returns x, y, w, h of its square in pixels."""
    side = int(rng.uniform(*FACE) * len(picture))
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC)
    middle = (side / 2, side / 2)
    turn = cv2.getRotationMatrix2D(middle, rng.uniform(-TURN, TURN), 1)
    large = cv2.warpAffine(large, turn, (side, side), borderMode=cv2.BORDER_REPLICATE)
    tint = np.array([1.08, 0.95, 0.85]) * rng.uniform(0.92, 1.08, 3)
    mask = np.zeros((side, side), np.float32)
    inner = round(side * 0.06)
    mask[inner : side - inner, inner : side - inner] = 1
    mask = cv2.GaussianBlur(mask, (0, 0), side * 0.03)
    return (*_blend(picture, large[..., None] * tint, mask, rng), side, side)


def add_decoy(picture: Colour, rng: np.random.Generator) -> None:
    """Blend in a light blob with dark ones where a face has eyes and mouth, and nothing else."""
    side = int(rng.uniform(*FACE) * len(picture))
    blobs = np.full((side, side), rng.uniform(60, 120), np.float32)

    def blob(x: float, y: float, w: float, h: float, shade: float) -> None:
        x, y, w, h = (side * v * rng.uniform(0.95, 1.05) for v in (x, y, w, h))
        cv2.ellipse(blobs, (int(x), int(y)), (int(w), int(h)), 0, 0, 360, shade, -1)

    blob(0.5, 0.5, 0.4, 0.5, rng.uniform(150, 190))
    for x in (0.32, 0.68):
        blob(x, 0.4, 0.11, 0.06, rng.uniform(30, 70))
        blob(x, 0.3, 0.14, 0.035, rng.uniform(60, 90))
    blob(0.5, 0.55, 0.05, 0.14, rng.uniform(180, 210))
    blob(0.5, 0.76, 0.17, 0.04, rng.uniform(60, 100))
    blobs = cv2.GaussianBlur(blobs, (0, 0), side * 0.03)
    mask = np.zeros((side, side), np.float32)
    half, axes = (side // 2, side // 2), (int(side * 0.44), int(side * 0.48))
    cv2.ellipse(mask, half, axes, 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), side * 0.03)
    _blend(picture, blobs[..., None] * rng.uniform(0.6, 1.1, 3), mask, rng)


def _blend(
    picture: Colour,
    patch: NDArray[np.floating],
    mask: NDArray[np.floating],
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Put a patch at a random place, as far as the mask (0 to 1) says; returns x and y."""
    side = len(patch)
    x = int(rng.integers(0, picture.shape[1] - side + 1))
    y = int(rng.integers(0, picture.shape[0] - side + 1))
    below = picture[y : y + side, x : x + side]
    below += mask[..., None] * (patch - below)
    return x, y


def fer2013_faces(source: Path, cache: Path, seed: int) -> Callable[[int, int], NDArray[np.uint8]]:
    """Faces of FER2013's training part, each picture once even where it has copies."""
    faces = open_faces(Fer2013Reader(source), cache)
    assert faces.part is not None
    chosen: dict[int, list[int]] = {}
    for label in range(len(SEVEN)):
        here = np.flatnonzero((faces.part == "training") & (faces.labels == label))
        shuffled = np.random.default_rng((seed, label)).permutation(here)
        distinct = {faces.images[index].tobytes(): int(index) for index in shuffled}
        chosen[label] = list(distinct.values())
    return lambda label, number: np.asarray(faces.images[chosen[label][number]])


def synthetic_faces(seed: int) -> Callable[[int, int], NDArray[np.uint8]]:
    """Drawn faces, a person for each number."""
    return lambda label, number: draw_face(seed, 14 * number + label, size=96).image


if __name__ == "__main__":
    main()

"""The embedded data set: cartoon faces drawn from action units, made anew wherever it is needed.

It stands in for FER2013 where there is no download: same size, same classes, same three parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.data.drawing import ActionUnits, Shot, act, draw, invent_person, take_shot
from fer.data.faces import SEVEN
from fer.data.readers import ListedReader, OnBad, Record
from fer.errors import ConfigError

DRAWING_VERSION = 2
"""To be raised with every change that changes pixels: caches made before are then made anew."""

FACES_PER_PERSON = 2 * len(SEVEN)
"""Each person shows each expression twice."""

PART_SPAN = 10_000 * FACES_PER_PERSON
"""Each part has its own range of indices, so no count moves the faces of another part."""


@dataclass(frozen=True)
class SyntheticFace:
    """A drawn face.

    Attributes:
        image: Gray levels `[size, size]`.
        label: Index into `SEVEN`.
        subject: The person, like `p00007`.
    """

    image: NDArray[np.uint8]
    label: int
    subject: str


def draw_face(seed: int, index: int, size: int = 48, frame: int = 0) -> SyntheticFace:
    """Draw one face: the same for the same arguments, whatever else is drawn.

    Args:
        seed: Which world of people.
        index: Which face; expressions take turns, and `FACES_PER_PERSON` faces in a row are of one
            person.
        size: Side of the image in pixels.
        frame: Which picture of the posed face; any two are near-identical.

    Examples:
        >>> face = draw_face(seed=0, index=15)
        >>> face.image.shape, SEVEN[face.label], face.subject
        ((48, 48), 'disgust', 'p00001')
    """
    number, label = index // FACES_PER_PERSON, index % len(SEVEN)
    person = invent_person(np.random.default_rng((seed, 0, number)))
    rng = np.random.default_rng((seed, 1, index))
    units, shot = act(SEVEN[label], rng), take_shot(rng)
    if frame:
        rng = np.random.default_rng((seed, 2, index, frame))
        units, shot = _a_moment_later(units, shot, rng)
    image = draw(person, units, shot, size, rng)
    return SyntheticFace(image=image, label=label, subject=f"p{number:05d}")


def _a_moment_later(
    units: ActionUnits, shot: Shot, rng: np.random.Generator
) -> tuple[ActionUnits, Shot]:
    """The same pose in another frame: a little stronger or weaker, the head a little moved."""
    strength = rng.uniform(0.9, 1.1)
    x, y = shot.shift
    moved = replace(
        shot,
        roll=shot.roll + rng.normal(0.0, 0.01),
        yaw=shot.yaw + rng.normal(0.0, 0.01),
        shift=(x + rng.normal(0.0, 0.005), y + rng.normal(0.0, 0.005)),
    )
    return [unit * strength for unit in units], moved


class SyntheticReader(ListedReader):
    """Reads the synthetic data set, in three parts named as FER2013 names its own.

    Nobody is in two parts, and a part begins with the same faces however many are asked for.
    """

    name = "synthetic"
    classes = SEVEN

    def __init__(
        self,
        train: int = 4200,
        validation: int = 840,
        test: int = 840,
        seed: int = 0,
        size: int = 48,
        frames: int = 1,
    ) -> None:
        """Plan the data set; nothing is drawn yet.

        Args:
            train: Faces in the part `training`.
            validation: Faces in the part `public`.
            test: Faces in the part `private`.
            seed: Which world of people.
            size: Side of the images in pixels.
            frames: Pictures of each posed face; from 2, they are one sequence.

        Raises:
            ConfigError: A number is out of range.
        """
        self._counts = {"training": train, "public": validation, "private": test}
        self._seed = seed
        self._size = size
        self._frames = frames
        for part, count in self._counts.items():
            if not 0 <= count <= PART_SPAN:
                raise ConfigError(f"synthetic data: {count} faces for {part}, not 0 to {PART_SPAN}")
        if seed < 0 or size < 8 or frames < 1:
            raise ConfigError(
                f"synthetic data: seed {seed}, size {size} and {frames} frames, but seed is at "
                "least 0, size 8 and frames 1"
            )

    def source_key(self) -> str:
        """All that the faces depend on."""
        counts = " ".join(f"{part}={count}" for part, count in self._counts.items())
        frames = f" frames={self._frames}" if self._frames > 1 else ""
        return f"synthetic v{DRAWING_VERSION} {counts} seed={self._seed} size={self._size}{frames}"

    def __len__(self) -> int:
        """The number of faces in all parts."""
        return sum(self._counts.values())

    def listed(self, on_bad: OnBad) -> Sequence[int]:
        """The numbers of the faces, part after part."""
        return range(len(self))

    def opener(self) -> SyntheticReader:
        """Itself: a few numbers are all it takes to draw."""
        return self

    def __call__(self, number: int, on_bad: OnBad) -> Record:
        """Draws a face.

        Args:
            number: Of the face, from 0, part after part.
            on_bad: Never called: no drawn face is bad.
        """
        starts = np.cumsum([0, *self._counts.values()])
        place = int(np.searchsorted(starts, number, side="right")) - 1
        part, number = list(self._counts)[place], number - int(starts[place])
        index, frame = place * PART_SPAN + number // self._frames, number % self._frames
        face = draw_face(self._seed, index, self._size, frame)
        pose = f"{self._seed}/{index:06d}"
        return Record(
            image=face.image,
            label=face.label,
            name=f"synthetic/{pose}" + (f"/{frame}" if self._frames > 1 else ""),
            part=part,
            subject=face.subject,
            sequence=pose if self._frames > 1 else None,
        )

    def told(self) -> list[Any]:
        """Has nothing to tell."""
        return []

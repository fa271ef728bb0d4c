"""What a model says of itself: its classes, how faces are cut for it, and where it is from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from fer.errors import RunError

FORMAT = 1
"""Raised when a change makes older model files unreadable."""

LEVELS = ("none", "equalize", "clahe", "standardize")
MAX_SIDE = 4096
MAX_NUMBER = 1e6

PREFIX = "fer."
"""Of the keys under which a model file keeps each field, as JSON."""


@dataclass(frozen=True)
class CropPlan:
    """How a found face becomes the pixels that the model takes.

    Attributes:
        size: Height and width of the face, in pixels.
        colour: Whether it stays RGB.
        levels: Gray-level normalisation, see `fer.detection.levels`.
        detector: What found the training faces: `haar`, `yunet`, or `none` where the data set
            came as faces.
        margins: By detector, what is added on each side of its box, as a share of the box's side.
        grow_pixels: Added to boxes of the training's own detector, in pixels of the picture.
        align: Whether the training faces were placed by their eyes.
        eye_height: Of aligned eyes, from the top, as a share of the height.
        eye_distance: Between aligned eyes, as a share of the width.
    """

    size: tuple[int, int]
    colour: bool = False
    levels: str = "none"
    detector: str = "none"
    margins: Mapping[str, float] = field(default_factory=dict)
    grow_pixels: float = 0.0
    align: bool = False
    eye_height: float = 0.35
    eye_distance: float = 0.5


@dataclass(frozen=True)
class ModelInfo:
    """All that recognition, and a reader, must know of a model.

    Attributes:
        classes: Names of the K classes, in the order of the outputs.
        crop: How faces are made for it.
        temperature: What logits are divided by before the softmax; fitted on validation, else 1.
        threshold: Least probability of the likeliest class, 0 to 1, from which an answer counts as
            sure; fitted on validation, else None.
        preprocessing: What happens to the uint8 pixels inside the graph: side, channels, centre
            crop, mean and deviation.
        story: Run, data, protocol, metrics with intervals, versions, checksum of the configuration.
        card: The model card, Markdown; empty where the model was not exported.
    """

    classes: tuple[str, ...]
    crop: CropPlan
    temperature: float = 1.0
    threshold: float | None = None
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    story: Mapping[str, Any] = field(default_factory=dict)
    card: str = ""

    def metadata(self) -> dict[str, str]:
        """As texts, for the head of a model file."""
        content = {"format": FORMAT, **asdict(self)}
        return {PREFIX + key: json.dumps(value) for key, value in content.items()}

    @classmethod
    def from_metadata(cls, texts: Mapping[str, str], origin: str) -> ModelInfo:
        """Reads what `metadata` gave.

        Args:
            texts: Of a model file.
            origin: The file's name, for messages.

        Raises:
            RunError: They are not fer's, or of another version of fer.
        """
        if f"{PREFIX}format" not in texts:
            raise RunError(
                f"{origin} is a model, but fer did not export it: its classes and crop are not "
                "known; make one with python -m fer.export run=..."
            )
        try:
            content = {
                key.removeprefix(PREFIX): json.loads(text)
                for key, text in texts.items()
                if key.startswith(PREFIX)
            }
            found = content["format"]
            if found != FORMAT:
                raise RunError(
                    f"{origin} was exported by another version of fer (format {found}, this one "
                    f"reads {FORMAT}): export the run again"
                )
            crop = content["crop"]
            content["crop"] = CropPlan(**{**crop, "size": (crop["size"][0], crop["size"][1])})
            content["classes"] = tuple(content["classes"])
            _check(content)
            return cls(**{own.name: content[own.name] for own in fields(cls)})
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise RunError(
                f"{origin} is damaged, its description cannot be read ({error}): export it again"
            ) from None


def _check(content: Mapping[str, Any]) -> None:
    """Refuses a description that nothing can be cut or told by.

    Raises:
        ValueError: Names the field.
    """
    crop: CropPlan = content["crop"]
    threshold = content["threshold"]
    fits = {
        "classes": content["classes"] and all(isinstance(n, str) for n in content["classes"]),
        "size": all(type(side) is int and 1 <= side <= MAX_SIDE for side in crop.size),
        "levels": crop.levels in LEVELS,
        "detector": isinstance(crop.detector, str),
        "margins": isinstance(crop.margins, dict) and all(map(_number, crop.margins.values())),
        "eyes": _number(crop.eye_height) and _number(crop.eye_distance),
        "grow_pixels": _number(crop.grow_pixels),
        "temperature": _number(content["temperature"]) and content["temperature"] > 0,
        "threshold": threshold is None or _number(threshold),
        "story": all(isinstance(content[key], dict) for key in ("story", "preprocessing")),
        "card": isinstance(content["card"], str),
    }
    wrong = [name for name, good in fits.items() if not good]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} cannot be")


def _number(value: Any) -> bool:
    """Whether it is a number that is not out of all proportion."""
    return type(value) in (int, float) and abs(value) < MAX_NUMBER

"""Who is in training, validation and test, as it is kept in a run folder."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer.data.cautions import cautions_among
from fer.errors import RunError
from fer.writing import aside

MAX_UNPACKED = 1024**3
"""Bytes; ten million faces with their names take half of it."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Indices of the three parts, without overlap.

    Attributes:
        train: int64 `[N_train]`, ascending.
        validation: int64 `[N_validation]`.
        test: int64 `[N_test]`.
        protocol: Name and settings of the protocol.
        test_part: What the test part is called in tables, such as `private` or `fold 0`.
        test_names: Names of the test faces.
        notes: What a reader of the result must know.
        cautions: Those notes for which every figure is marked: what is tested, or what chose the
            epoch, has been met in training.
    """

    train: Indices
    validation: Indices
    test: Indices
    protocol: dict[str, Any]
    test_part: str
    test_names: NDArray[np.str_]
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """Digest of who is where: equal digests mean equal parts."""
        digest = hashlib.sha256(json.dumps(self.protocol, sort_keys=True).encode())
        for part in (self.train, self.validation, self.test):
            digest.update(np.ascontiguousarray(part, dtype=np.int64).tobytes())
        return digest.hexdigest()[:16]

    @property
    def test_hash(self) -> str:
        """Digest of the test images: results compare only where it is equal."""
        return digest_names(self.test_names)

    def part(self, name: str) -> Indices:
        """Indices of `train`, `validation` or `test`."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]

    def save(self, path: Path) -> None:
        """Writes the split as plain arrays and text."""
        story = {
            "protocol": self.protocol,
            "hash": self.hash,
            "test_hash": self.test_hash,
            "test_part": self.test_part,
            "notes": self.notes,
            "cautions": self.cautions,
        }
        with aside(path) as part, part.open("wb") as file:
            np.savez_compressed(
                file,
                train=self.train,
                validation=self.validation,
                test=self.test,
                test_names=self.test_names,
                story=np.array(json.dumps(story)),
            )

    @staticmethod
    def load(path: Path) -> Split:
        """Reads what `save` wrote.

        Raises:
            RunError: The file is missing or damaged.
        """
        try:
            check_unpacked(path)
            with np.load(path, allow_pickle=False) as arrays:
                story = json.loads(str(arrays["story"]))
                split = Split(
                    arrays["train"],
                    arrays["validation"],
                    arrays["test"],
                    story["protocol"],
                    story["test_part"],
                    arrays["test_names"],
                    tuple(story["notes"]),
                    tuple(story.get("cautions", cautions_among(story["notes"]))),
                )
                if split.hash != story["hash"] or split.test_hash != story["test_hash"]:
                    raise ValueError("its indices do not give its hash")
                return split
        except Exception as error:  # numpy and zipfile raise many kinds for a damaged file
            raise RunError(
                f"{path} is missing or damaged ({type(error).__name__}): "
                "train again with restart=true"
            ) from None


def check_unpacked(path: Path) -> None:
    """Looks at how much an archive of arrays would unpack to.

    Raises:
        ValueError: More than any split has.
        Exception: Whatever `zipfile` raises for a damaged file.
    """
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
            raise ValueError("too large")


def digest_names(names: NDArray[np.str_]) -> str:
    """Digest of faces by their names, in whatever order."""
    return hashlib.sha256("\n".join(sorted(names.tolist())).encode()).hexdigest()[:16]

"""CK+ in the two forms that people have: the original tree, and the folder of 48 x 48 faces.

Lucey et al. 2010, The Extended Cohn-Kanade Dataset (CK+): 593 sequences from neutral to the peak
of an expression, 327 of them labelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fer.data.faces import EXPRESSIONS
from fer.data.readers import OnBad
from fer.data.readers.class_names import KNOWN, expression, matching
from fer.data.readers.files import is_picture
from fer.data.readers.picture_reader import Picture, PictureReader
from fer.data.readers.preparing import Preparer

NUMBERS = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
"""What the label files' numbers stand for."""

LABELLED, LABELLED_PEOPLE = 327, 118
SMALL_FOLDER = 981
"""Pictures of the common 48 x 48 folder: the last three of each labelled sequence."""

_FRAME = re.compile(r"(S\d+)_(\d+)_(\d+)", re.IGNORECASE)
_LABEL = "_emotion.txt"
_NEARLY_LABEL = re.compile(r".*_emotion.*\.txt", re.IGNORECASE)
_LABEL_BYTES = 1024

Sequence = tuple[str, str]
"""Subject and number, such as `("S005", "001")`."""


class _Frame(NamedTuple):
    number: int
    name: str


class CkPlusReader(PictureReader):
    """The last frames of each labelled sequence, and its first as neutral.

    Args:
        path: The folder that holds `cohn-kanade-images` and `Emotion`, or the folder of class
            folders; further folders around them do no harm.
        preparer: Makes faces of the pictures.
        exclude: The list of pictures to leave out.
        last_frames: How many frames of a labelled sequence, counted from its end.
        neutral: Whether the first frame of a labelled sequence is taken as neutral; the 48 x 48
            folder has no such frames.
        contempt: Whether contempt is a class; else its sequences are left out.
    """

    name = "ckplus"
    title = "CK+"
    folders = ("CK+", "CK+48", "ckplus", "ck", "cohn-kanade")
    layout = (
        "the folder with cohn-kanade-images/S005/001/S005_001_00000011.png and "
        "Emotion/S005/001/S005_001_00000011_emotion.txt, or the folder of class folders "
        "such as CK+48/anger/S010_004_00000017.png"
    )

    def __init__(
        self,
        path: str | Path,
        preparer: Preparer,
        exclude: str | Path | None = None,
        last_frames: int = 3,
        neutral: bool = True,
        contempt: bool = True,
    ) -> None:
        super().__init__(path, preparer, exclude)
        self.last_frames, self.neutral = last_frames, neutral
        self.options = f"last_frames={last_frames} neutral={neutral} contempt={contempt}"
        others = [file.name for file in self.files if not is_picture(file.name)]
        self.label_files = [name for name in others if name.lower().endswith(_LABEL)]
        self.misnamed = [name for name in others if not name.lower().endswith(_LABEL)]
        self.tree = bool(self.label_files)
        found = {_class_of(file.name) for file in self.files}
        has = {
            "neutral": neutral and (self.tree or "neutral" in found),
            "contempt": contempt and (self.tree or "contempt" in found),
        }
        self.classes = tuple(name for name in EXPRESSIONS if has.get(name, True))

    def wanted(self, name: str) -> bool:
        """Pictures and label files count, and what looks like one."""
        return is_picture(name) or bool(_NEARLY_LABEL.fullmatch(name))

    def __len__(self) -> int:
        """About so many faces."""
        frames = (self.last_frames + self.neutral) * len(self.label_files)
        return frames if self.tree else len(self.files)

    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield the chosen frames, sequence by sequence."""
        frames = self._frames(on_bad)
        labels = self._written(frames, on_bad) if self.tree else self._by_folder(frames, on_bad)
        self._compare(frames, labels)
        if self.misnamed:
            self.told.append(
                f"CK+: {len(self.misnamed):,} files are not named *{_LABEL} and left out, such as "
                f"{self.misnamed[0]}"
            )
        dropped = 0
        for sequence in sorted(labels):
            ordered = sorted(frames[sequence])
            chosen = [(frame, labels[sequence]) for frame in ordered[-self.last_frames :]]
            if self.tree and self.neutral and len(ordered) > self.last_frames:
                chosen.insert(0, (ordered[0], "neutral"))
            if labels[sequence] not in self.classes:
                dropped += 1
                continue
            for frame, label in chosen:
                yield Picture(
                    frame.name,
                    self.classes.index(label),
                    subject=sequence[0],
                    sequence="_".join(sequence),
                )
        if dropped:
            self.told.append(f"CK+: {dropped:,} sequences of classes not asked for are left out")

    def _frames(self, on_bad: OnBad) -> dict[Sequence, list[_Frame]]:
        """The frames of every sequence; subject, sequence and place are in a picture's name."""
        found: dict[Sequence, list[_Frame]] = {}
        for name in (file.name for file in self.files if is_picture(file.name)):
            parts = _FRAME.match(PurePosixPath(name).name)
            if parts is None:
                on_bad(name, "does not say subject, sequence and frame as S010_004_00000017 does")
                continue
            sequence, number = (parts[1].upper(), parts[2]), int(parts[3])
            label = None if self.tree else _class_of(name)
            if not self.is_first((sequence, number), name, label, on_bad):
                continue
            found.setdefault(sequence, []).append(_Frame(number, name))
        return found

    def _written(
        self, frames: Mapping[Sequence, list[_Frame]], on_bad: OnBad
    ) -> dict[Sequence, str]:
        """The labels that the label files give to sequences whose pictures are there."""
        labels: dict[Sequence, str] = {}
        bad, lost = set(), 0
        for name in self.label_files:
            parts = _FRAME.match(PurePosixPath(name).name)
            if parts is None:
                on_bad(name, "does not say subject and sequence as S005_001_00000011_emotion does")
                continue
            sequence = (parts[1].upper(), parts[2])
            if sequence not in frames:
                lost += 1
                continue
            try:
                label = _read_label(self.path / name)
            except ValueError as error:
                bad.add(sequence)
                on_bad(name, str(error))
                continue
            if labels.setdefault(sequence, label) != label:
                on_bad(name, f"says {label}, another label file of the same sequence does not")
        if lost:
            self.told.append(f"CK+: {lost:,} label files whose pictures are not there")
        unlabelled = len(frames.keys() - labels.keys() - bad)
        if unlabelled:
            self.told.append(
                f"CK+: {unlabelled:,} of {len(frames):,} sequences have no label and are left out"
            )
        return labels

    def _by_folder(
        self, frames: Mapping[Sequence, list[_Frame]], on_bad: OnBad
    ) -> dict[Sequence, str]:
        """The labels that the class folders give."""
        labels: dict[Sequence, str] = {}
        matched: dict[str, str] = {}
        for sequence, shown in frames.items():
            kept = []
            for frame in shown:
                folder, label = PurePosixPath(frame.name).parent.name, _class_of(frame.name)
                if label is None:
                    on_bad(
                        frame.name,
                        f"has no label: {folder or 'its folder'} names no expression ({KNOWN}), "
                        "and there are no label files *_emotion.txt",
                    )
                elif labels.setdefault(sequence, label) != label:
                    on_bad(frame.name, f"is {label}, other frames of its sequence are not")
                else:
                    matched[folder] = label
                    kept.append(frame)
            shown[:] = kept
        self.told.append(f"CK+: {matching(matched)}")
        if self.neutral and "neutral" not in self.classes:
            self.told.append("CK+: the folder of 48 x 48 faces has no neutral ones")
        return labels

    def _compare(
        self, frames: Mapping[Sequence, list[_Frame]], labels: Mapping[Sequence, str]
    ) -> None:
        """Tells how the counts deviate from the official ones."""
        people = len({subject for subject, _ in labels})
        if self.tree and (len(labels), people) != (LABELLED, LABELLED_PEOPLE):
            self.told.append(
                f"CK+ has {len(labels):,} labelled sequences of {people} people, not the official "
                f"{LABELLED} of {LABELLED_PEOPLE}"
            )
        pictures = sum(len(frames[sequence]) for sequence in labels)
        if not self.tree and pictures != SMALL_FOLDER:
            self.told.append(f"CK+ has {pictures:,} pictures, not the usual {SMALL_FOLDER}")


def _class_of(name: str) -> str | None:
    """The expression that a picture's folder stands for."""
    return expression(PurePosixPath(name).parent.name)


def _read_label(path: Path) -> str:
    """The label in a file such as `3.0000000e+00`; ValueError says why there is none."""
    try:
        with path.open("rb") as file:
            text = file.read(_LABEL_BYTES).decode("ascii", "replace").strip()
    except OSError as error:
        raise ValueError(f"cannot be read ({error})") from error
    if not text:
        raise ValueError("is empty")
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if number not in range(len(NUMBERS)):
        raise ValueError(f"holds {text!r:.40}, not a number from 0 to {len(NUMBERS) - 1}")
    return NUMBERS[int(number)]

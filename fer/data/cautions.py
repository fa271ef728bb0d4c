"""Which notes on a split are cautions. Imports nothing heavy: pages of a sweep ask it too."""

from __future__ import annotations

from collections.abc import Iterable


def cautions_among(notes: Iterable[str]) -> list[str]:
    """Those notes that are cautions, by their words: for files that do not keep them apart.

    Examples:
        >>> cautions_among(["12 faces", "9.0% of the test images show ... also in training"])
        ['9.0% of the test images show ... also in training']
    """
    return [note for note in notes if "also in training" in note or note.endswith("are too good")]

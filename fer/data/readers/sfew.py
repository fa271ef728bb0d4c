"""SFEW: Dhall et al. 2011, Static Facial Expressions in the Wild, film stills by class.

The first edition is a folder per class. 2.0 has Train and Val, and Test without labels: everybody
tests on Val, so it is the test part here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fer.data.readers import OnBad
from fer.data.readers.folder import FolderReader
from fer.data.readers.preparing import Picture
from fer.errors import DataError

_CLIP = re.compile(r"(.+_\d+)_\d+\.\w+")


class SfewReader(FolderReader):
    """Colour pictures of any size, such as `Train/Happy/Airheads_000519240_00000005.png`."""

    name = "sfew"
    title = "SFEW"
    folders = ("sfew", "SFEW_2", "SFEW2.0", "SFEW 2.0", "sfew2")
    layout = (
        "the folder of the class folders Angry, Disgust, Fear, Happy, Neutral, Sad, Surprise, or "
        "for SFEW 2.0 the folder with Train and Val around them"
    )

    def pictures(self, on_bad: OnBad) -> Iterator[Picture]:
        """Yield the pictures of all class folders.

        Raises:
            DataError: A part is there twice, as whole pictures and as aligned faces.
        """
        tops: dict[str, str] = {}
        for _, place in sorted(self.places.items()):
            if place.part is None or place.label not in self.names.matched:
                continue
            other = tops.setdefault(place.part, place.top)
            if other != place.top:
                one, two = sorted((other, place.top))
                what = "test" if place.part == "validation" else place.part
                raise DataError(
                    f"{self.path} holds the {what} pictures twice, in {one} and in {two}: "
                    "set data.path to a folder with one of them, the whole pictures or the aligned "
                    "faces"
                )
        yield from super().pictures(on_bad)

    def details(self, name: str) -> tuple[str | None, str | None]:
        """The clip as the sequence: film and time, `Airheads_000519240`; nobody is named."""
        found = _CLIP.fullmatch(name.rpartition("/")[2])
        return None, found[1] if found else None

"""SFEW: Dhall et al. 2011, Static Facial Expressions in the Wild, film stills by class.

The first edition is a folder per class. 2.0 has Train and Val, and Test without labels: everybody
tests on Val, so it is the test part here.
"""

from __future__ import annotations

import re

from fer.data.readers.folder import FolderReader

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

    def details(self, name: str) -> tuple[str | None, str | None]:
        """The clip as the sequence: film and time, `Airheads_000519240`; nobody is named."""
        found = _CLIP.fullmatch(name.rpartition("/")[2])
        return None, found[1] if found else None

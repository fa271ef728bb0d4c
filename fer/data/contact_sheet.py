"""Sheets of many small pictures with a few words under each, written page by page."""

from __future__ import annotations

import shutil
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

COLUMNS, ROWS = 10, 8
SIDE = 96
"""Pixels of the longer side of a picture on the sheet."""

CELL = (120, 142)
"""Pixels across and down for a picture and its words."""

LINE, LINES, LETTERS = 11, 4, 22
"""Pixels from line to line, lines under a picture, letters of a line."""


class ContactSheet:
    """Collects pictures; pages that are full wait on disk, so one page is in memory at most.

    Args:
        name: Of the files: `<name>.png`, or `<name>_001.png` and so on where there are several.
    """

    def __init__(self, name: str = "contact_sheet") -> None:
        self.name, self._place = name, 0
        self._waiting = tempfile.TemporaryDirectory(prefix="fer-sheet-")
        self._full: list[Path] = []
        self._page = _empty_page()
        self._font = ImageFont.load_default(size=9)

    def add(self, image: NDArray[np.uint8], lines: Sequence[str]) -> None:
        """Puts the next picture on the sheet.

        Args:
            image: uint8 `[h, w]` or `[h, w, 3]`.
            lines: Words under it; long ones are broken, and what is too much is cut at the front.
        """
        if self._place == COLUMNS * ROWS:
            self._turn()
        down, across = divmod(self._place, COLUMNS)
        left, top = across * CELL[0], down * CELL[1]
        small = Image.fromarray(image).convert("RGB")
        small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        self._page.paste(small, (left + (CELL[0] - small.width) // 2, top + 2))
        broken = [part for line in lines for part in textwrap.wrap(line, LETTERS)]
        if len(broken) > LINES:
            broken = [broken[0], *broken[1 - LINES :]]
        text = "\n".join(broken)
        ink = ImageDraw.Draw(self._page)
        place = (left + 3, top + SIDE + 3)
        ink.multiline_text(place, text, fill="black", font=self._font, spacing=1)
        self._place += 1

    def save(self, folder: Path) -> list[Path]:
        """Writes the sheet's files into a folder; nothing where there are no pictures.

        Returns:
            The files, in order.
        """
        if self._place:
            self._turn()
        files = []
        for number, page in enumerate(self._full, start=1):
            ending = f"_{number:03d}" if len(self._full) > 1 else ""
            files.append(folder / f"{self.name}{ending}.png")
            shutil.move(page, files[-1])
        self._full.clear()
        return files

    def _turn(self) -> None:
        """Puts the page aside and begins an empty one."""
        rows = -(-self._place // COLUMNS)
        path = Path(self._waiting.name, f"{len(self._full)}.png")
        self._page.crop((0, 0, self._page.width, rows * CELL[1])).save(path)
        self._full.append(path)
        self._page, self._place = _empty_page(), 0


def _empty_page() -> Image.Image:
    return Image.new("RGB", (COLUMNS * CELL[0], ROWS * CELL[1]), "white")

"""The sheet of heat maps is whole, however few faces it shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer.data.faces import SEVEN
from fer.evaluation.heat_map_sheet import Example, heat_map_sheet

LINE = "HiResCAM for the answer, at layer4 (3 x 3 cells), each map scaled by its largest value;"


@pytest.mark.parametrize("number", [1, 2, 5])
def test_nothing_is_cut_off_at_the_edges(number: int, tmp_path: Path) -> None:
    face, heat = np.zeros((8, 8), np.uint8), np.linspace(0, 1, 64).reshape(8, 8)
    wrong = [Example(face, heat, k, (k + 1) % 7, 0.4) for k in range(7)] * (number // 2)
    right = [Example(face, heat, k, k, 0.9) for k in range(7)] * (number - number // 2)
    heat_map_sheet([*right, *wrong], SEVEN, number, tmp_path / "sheet.png", f"run\n{LINE}\nseed 0")
    sheet = np.asarray(Image.open(tmp_path / "sheet.png").convert("L"))
    for edge in (sheet[0], sheet[-1], sheet[:, 0], sheet[:, -1]):
        assert (edge == 255).all()
    assert sheet.shape[0] < 2.5 * sheet.shape[1]  # no strip

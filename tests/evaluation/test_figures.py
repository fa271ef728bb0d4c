from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from fer.data.faces import SEVEN
from fer.evaluation import figures
from fer.evaluation.metrics import confusion
from fer.evaluation.predictions import Predictions


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Figures as they are saved, to read their words and lines."""
    kept: list[Figure] = []
    save = figures.save

    def keep(figure: Figure, path: Path, caption: str = "") -> None:
        kept.append(figure)
        save(figure, path, caption)

    monkeypatch.setattr(figures, "save", keep)
    return kept


def is_picture(path: Path) -> bool:
    with Image.open(path) as picture:
        colours = picture.convert("L").getcolors()
        return picture.format == "PNG" and colours is not None and len(colours) > 2


def test_learning_curves_mark_the_best_validation_epoch(tmp_path: Path, drawn: list) -> None:
    scores = [0.3, 0.5, 0.6, 0.6, 0.4]
    rows = [
        {"epoch": e, "train/loss": 2.0 - e / 5, "train/accuracy": e / 5, "validation/accuracy": s}
        for e, s in enumerate(scores)
    ]
    rows[1]["train/loss"] = float("nan")
    figures.learning_curves(rows, tmp_path / "figures" / "curves.png")
    assert is_picture(tmp_path / "figures" / "curves.png")
    loss, accuracy = drawn[0].axes
    assert loss.lines[0].get_xdata().tolist() == [0, 2, 3, 4]
    labels = [text.get_text() for text in accuracy.get_legend().get_texts()]
    assert labels == ["train", "validation, 0.600 at epoch 2"]


def test_learning_curves_of_no_and_of_one_epoch(tmp_path: Path) -> None:
    for n in range(2):
        rows = [{"epoch": 0, "train/loss": 2.0, "validation/accuracy": 0.2}] * n
        figures.learning_curves(rows, tmp_path / f"{n}.png", best_epoch=0)
        assert is_picture(tmp_path / f"{n}.png")


def test_confusion_matrix_writes_counts_and_shares(tmp_path: Path, drawn: list) -> None:
    matrix = confusion([0, 0, 0, 1], [0, 0, 1, 1], k=3)
    figures.confusion_matrix(matrix, ("happy", "sad", "fear"), tmp_path / "c.png")
    assert is_picture(tmp_path / "c.png")
    axes = drawn[0].axes[0]
    cells = [text.get_text() for text in axes.texts]
    assert cells[:3] == ["2\n66.7%", "1\n33.3%", "0\n0.0%"]
    assert cells[6:] == ["n/a"] * 3
    assert [t.get_text() for t in axes.get_yticklabels()] == ["happy (3)", "sad (1)", "fear (0)"]


def test_roc_curves_tell_areas_and_leave_out_absent_classes(
    tmp_path: Path, drawn: list, answers: Callable
) -> None:
    labels, probabilities = answers(0, share=[0.4, 0, 0.2, 0.1, 0.1, 0.1, 0.1])
    figures.roc_curves(labels, probabilities, SEVEN, tmp_path / "r.png")
    assert is_picture(tmp_path / "r.png")
    named = [text.get_text().split(" (")[0] for text in drawn[0].axes[0].get_legend().get_texts()]
    assert named == ["chance", *(c for c in SEVEN if c != "disgust")]
    styles = {line.get_marker() for line in drawn[0].axes[0].lines}
    assert len(styles) == 7  # told apart without colour


def test_roc_curves_of_one_class_alone(tmp_path: Path) -> None:
    figures.roc_curves(np.array([0, 0]), np.full((2, 2), 0.5), ("a", "b"), tmp_path / "r.png")
    assert is_picture(tmp_path / "r.png")


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 3)])
def test_worst_mistakes_come_surest_first(
    tmp_path: Path, drawn: list, shape: tuple[int, ...]
) -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    names = np.array(list("abcd"))
    said = Predictions(np.array([0, 0, 0, 1]), probabilities, ("sad", "fear"), names)
    images = np.random.default_rng(0).integers(256, size=(4, *shape), dtype=np.uint8)
    figures.worst_mistakes(images, said, tmp_path / "w.png", rows=1, columns=3)
    assert is_picture(tmp_path / "w.png")
    (axes,) = drawn[0].axes
    assert [t.get_text() for t in axes.texts] == ["sad →\nfear, 0.80", "sad →\nfear, 0.60"]
    assert (axes.images[0].get_array() == images[2]).all()


def test_no_mistakes_say_so(tmp_path: Path, drawn: list) -> None:
    said = Predictions(np.array([0]), np.array([[0.9, 0.1]]), ("a", "b"), np.array(["x"]))
    figures.worst_mistakes(np.zeros((1, 8, 8), np.uint8), said, tmp_path / "w.png")
    assert [text.get_text() for text in drawn[0].texts] == ["No face was taken for another."]


def test_face_sheet_has_a_cell_for_each_face(tmp_path: Path, drawn: list) -> None:
    images = np.zeros((5, 8, 8), np.uint8)
    figures.face_sheet(images, list("abcde"), tmp_path / "s.png", columns=2)
    (axes,) = drawn[0].axes
    assert [t.get_text() for t in axes.texts] == list("abcde")
    left_top = [(image.get_extent()[0], image.get_extent()[3]) for image in axes.images]
    assert len({x for x, _ in left_top}) == 2 and len({y for _, y in left_top}) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["s.png"]


def test_pyplot_is_never_imported() -> None:
    code = "import sys, fer.evaluation.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

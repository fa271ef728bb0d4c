from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer.data.faces import SEVEN
from fer.errors import DataError, RunError
from fer.evaluation.metrics import headline
from fer.evaluation.predictions import Predictions


def some(n: int = 200, dtype: type = np.float32) -> Predictions:
    generator = np.random.default_rng(3)
    return Predictions(
        labels=generator.integers(7, size=n),
        probabilities=generator.dirichlet(np.full(7, 0.2), size=n).astype(dtype),
        classes=SEVEN,
        names=np.array([f'a "face", {i}.jpg' for i in range(n)], dtype=np.str_),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loading_gives_back_what_was_saved(tmp_path: Path, dtype: type) -> None:
    saved = some(dtype=dtype)
    saved.save(tmp_path / "test" / "predictions.csv")
    loaded = Predictions.load(tmp_path / "test" / "predictions.csv")
    assert loaded.classes == saved.classes
    assert loaded.names.tolist() == saved.names.tolist()
    assert loaded.labels.tolist() == saved.labels.tolist()
    assert (loaded.probabilities == saved.probabilities.astype(np.float64)).all()
    before = headline(saved.labels, saved.probabilities)
    after = headline(loaded.labels, loaded.probabilities)
    assert before == pytest.approx(after, abs=1e-9)
    assert [path.name for path in (tmp_path / "test").iterdir()] == ["predictions.csv"]


def test_no_faces_are_saved_and_loaded(tmp_path: Path) -> None:
    some(0).save(tmp_path / "p.csv")
    assert Predictions.load(tmp_path / "p.csv").probabilities.shape == (0, 7)


def test_classes_are_written_as_words(tmp_path: Path) -> None:
    some(1).save(tmp_path / "p.csv")
    head, row = (tmp_path / "p.csv").read_text().splitlines()
    assert head == "name,truth,predicted,angry,disgust,fear,happy,sad,surprise,neutral"
    assert SEVEN[some(1).labels[0]] in row


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: "", "begin with the columns"),
        (lambda text: text.replace("truth", "label"), "begin with the columns"),
        (lambda text: text[:-30], "row 4 is damaged"),
        (lambda text: text + "x.jpg,angry\n", "row 5 is damaged"),
        (lambda text: text + "x.jpg,bored,angry,1,0,0,0,0,0,0\n", "row 5 is damaged"),
        (lambda text: text + "x.jpg,angry,fear,1,0,0,0,0,0,0\n", "row 5 is damaged"),
        (lambda text: text + "x.jpg,angry,angry,1,0,0,?,0,0,0\n", "row 5 is damaged"),
        (lambda text: text + "x.jpg,angry,angry,7,0,0,0,0,0,0\n", "1 of 4 faces"),
        (lambda text: text + "x.jpg,angry,angry,nan,0,0,0,0,0,0\n", "x.jpg"),
        (lambda text: text + "\0\udcff", "is not|damaged"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, damage: object, told: str) -> None:
    path = tmp_path / "predictions.csv"
    some(3).save(path)
    text = damage(path.read_text())  # type: ignore[operator]
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RunError, match=told) as error:
        Predictions.load(path)
    assert "predictions.csv" in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="evaluate the run first"):
        Predictions.load(tmp_path / "predictions.csv")


def test_wrong_arrays_are_refused() -> None:
    good = some(3)
    fields = {"labels": good.labels, "classes": SEVEN, "names": good.names}
    with pytest.raises(DataError, match="shape"):
        Predictions(probabilities=good.probabilities[:, :6], **fields)
    with pytest.raises(DataError, match="diverged"):
        Predictions(probabilities=good.probabilities * np.nan, **fields)
    with pytest.raises(DataError, match="0 to 6"):
        Predictions(probabilities=good.probabilities, **{**fields, "labels": good.labels + 7})

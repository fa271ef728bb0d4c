"""Pictures without labels join the training part where a finished run is sure of them."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fer.data.faces import SEVEN
from fer.data.readers import Record
from fer.data.synthetic import SyntheticReader
from fer.errors import ConfigError
from fer.evaluation.predictions import Predictions
from fer.runs.folder import RunFolder
from tests.builders import fer2013_csv, fer2013new_csv
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    Copy,
    Done,
    assert_same_training,
    contents,
    cut_short,
    here,
    runs,
)

DRAWN = {"train": 14, "validation": 14, "test": 28}
OTHER = ("data=synthetic", *(f"data.{part}={n}" for part, n in DRAWN.items()))


@pytest.fixture(scope="module")
def pictures(recorded: Done, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """56 other people, in two folders, and between them a test face of the labelling run's data."""
    folder = tmp_path_factory.mktemp("pictures") / "pictures"
    (folder / "deep").mkdir(parents=True)
    for number, record in enumerate(_drawn(**DRAWN, seed=5)):
        Image.fromarray(record.image).save(folder / f"{'deep/' * (number % 2)}{number:03}.png")
    tested = [r for r in _drawn(train=28, validation=14, test=14, seed=0) if r.part == "private"]
    Image.fromarray(tested[3].image).save(folder / "copy.png")
    (folder / "read me.txt").write_text("faces")
    return folder


def _drawn(train: int, validation: int, test: int, seed: int) -> Iterator[Record]:
    return SyntheticReader(train, validation, test, seed).records(lambda name, reason: None)


@pytest.fixture(scope="module")
def said(recorded: Done, tmp_path_factory: pytest.TempPathFactory) -> Predictions:
    """What the labelling run says of these people when it is evaluated on them."""
    folder = tmp_path_factory.mktemp("said")
    copy = shutil.copytree(recorded.run.path, folder / "run")
    told = here("evaluate", f"run={copy}", *OTHER, "data.drawing_seed=5", folder=folder)
    assert told.status == 0, told.err
    return Predictions.load(copy / "evaluations" / "synthetic-all" / "predictions.csv")


def given(done: Done, pictures: Path, confidence: float) -> tuple[str, ...]:
    return (
        *(*TINY, UNTRACKED),
        f"pseudo.run={done.run.path}",
        f"pseudo.path={pictures}",
        f"pseudo.confidence={confidence}",
    )


def table(run: RunFolder) -> list[dict[str, str]]:
    with (run.path / "pseudo_labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def middle(said: Predictions) -> float:
    return float(np.median(said.probabilities.max(axis=1)))


def test_the_sure_ones_join_the_training_part(
    recorded: Done, pictures: Path, said: Predictions, plain: Done, tmp_path: Path
) -> None:
    settings = given(recorded, pictures, middle(said))
    told = here("train", *settings, folder=tmp_path)
    assert told.status == 0, told.err
    (run,) = runs(tmp_path)
    rows = table(run)
    sure = said.probabilities.max(axis=1) >= middle(said)
    assert 0 < len(rows) < 56
    assert len(rows) == pytest.approx(sure.sum(), abs=1)
    found = {(row["label"], round(float(row["confidence"]), 4)) for row in rows}
    expected = {
        (SEVEN[label], round(float(p), 4))
        for label, p in zip(said.predicted[sure], said.probabilities.max(axis=1)[sure], strict=True)
    }
    assert len(found & expected) >= len(expected) - 1
    assert "copy.png" not in {row["name"] for row in rows}
    assert any(row["name"].startswith("deep/") for row in rows)

    counts = {name: sum(row["label"] == name for row in rows) for name in SEVEN}
    assert run.status["pseudo_labels"] == counts
    assert f"pseudo-labels: {len(rows)} of 57 pictures" in told.out
    assert all(f"{name} {count}" in told.out for name, count in counts.items())
    assert "exact copies of validation or test faces: 1" in told.out

    assert run.status["split_hash"] == plain.run.status["split_hash"]
    assert run.status["counts"] == plain.run.status["counts"]
    assert run.path.name != plain.run.path.name
    assert run.rows()[0]["train/loss"] != plain.run.rows()[0]["train/loss"]
    assert run.results()["n"] == plain.run.results()["n"]
    again = here("train", *settings, folder=tmp_path)
    assert "this run is finished" in again.out
    same = here("evaluate", f"run={run.path}", folder=tmp_path)
    assert "identical to the stored test" in same.out
    assert here("evaluate", f"run={run.path}", "part=train", folder=tmp_path).status == 0


def test_what_labels_and_what_is_labelled_decide_the_run(
    recorded: Done, pictures: Path, said: Predictions, copy: Copy, tmp_path: Path
) -> None:
    other = copy(recorded)
    checkpoint = torch.load(other.run.best, weights_only=True)
    checkpoint["state_dict"]["network.fc.bias"] += 0.001
    torch.save(checkpoint, other.run.best)
    fewer = Path(shutil.copytree(pictures, tmp_path / "fewer"))
    (fewer / "000.png").unlink()
    folder, low = tmp_path / "runs", middle(said)
    folder.mkdir()
    for number, settings in enumerate(
        [given(recorded, pictures, low), given(other, pictures, low), given(recorded, fewer, low)],
        start=1,
    ):
        told = here("train", *settings, folder=folder)
        assert told.status == 0, told.err
        assert len(runs(folder)) == number
    elsewhere = Path(shutil.copytree(pictures, tmp_path / "elsewhere"))
    told = here("train", *given(recorded, elsewhere, low), folder=folder)
    assert "this run is finished" in told.out


def test_repeats_with_other_labels_or_sources_are_another_group(
    recorded: Done, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*given: object, **more: object) -> None:
        raise ConfigError("far enough")

    monkeypatch.setattr("fer.training.repeats.train", stop)
    plain = (*TINY, UNTRACKED)
    several = [
        plain,
        given(recorded, pictures, 0.5),
        given(recorded, pictures, 0.9),
        (*plain, f"distillation.teacher={recorded.run.path}"),
        (*plain, "distillation.teacher=another"),
    ]
    told = [here("train", *words, "trials=2", folder=tmp_path) for words in [*several, plain]]
    names = [re.findall("group folder: (.+), 2 runs", each.out) for each in told]
    assert names[-1] == names[0] != []
    assert len({name for (name,) in names}) == len(several)


def test_an_interrupted_run_keeps_its_labels(
    recorded: Done, pictures: Path, said: Predictions, tmp_path: Path
) -> None:
    settings = (*given(recorded, pictures, middle(said)), "trainer.max_epochs=3")
    straight, cut = tmp_path / "straight", tmp_path / "cut"
    straight.mkdir(), cut.mkdir()
    assert here("train", *settings, folder=straight).status == 0
    cut_short(*settings, epoch=2, folder=cut)
    (run,) = runs(cut)
    before = contents(run.path)["pseudo_labels.csv"]
    assert here("train", *settings, folder=cut).status == 0
    assert contents(run.path)["pseudo_labels.csv"] == before
    assert_same_training(run, *runs(straight))


def test_they_join_data_that_has_targets(pictures: Path, tmp_path: Path) -> None:
    """Their labels stand among distributions; the labelling run must know the same classes."""
    fer2013new_csv(tmp_path / "fer2013new.csv", per_class=4)
    faces = f"data.path={fer2013_csv(tmp_path / 'fer2013.csv', per_class=4)}"
    sizes = ("data.train=", "data.validation=", "data.test=")
    small = [word for word in TINY if not word.startswith(sizes)]
    small += [UNTRACKED, "data=ferplus", faces]
    assert here("train", *small, folder=tmp_path).status == 0
    (teacher,) = runs(tmp_path)
    pseudo = (f"pseudo.run={teacher.path}", f"pseudo.path={pictures}", "pseudo.confidence=0.1")
    told = here("train", *small, *pseudo, folder=tmp_path)
    assert told.status == 0, told.err
    assert "pseudo-labels: 57 of 57 pictures" in told.out
    told = here("train", *small, *pseudo, "data.contempt=leave_out", folder=tmp_path)
    assert told.status == 1 and len(told.err.splitlines()) == 1
    assert f"pseudo.run={teacher.path} tells angry" in told.err and "same classes" in told.err
    told = here(
        "train",
        *small,
        *pseudo,
        "protocol=random_kfold",
        "protocol.validation=0.2",
        folder=tmp_path,
    )
    assert told.status == 2
    assert f"pseudo.run: {teacher.path} was fitted to" in told.err and "test images" in told.err
    assert len(runs(tmp_path)) == 2


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        (("pseudo.confidence=1",), 1, ["pseudo.confidence=1", "none of the 56", "surest at 0."]),
        (("pseudo.path=/nowhere",), 1, ["pseudo.path=/nowhere is no folder"]),
        (("pseudo.path=empty",), 1, ["empty holds no pictures", ".png"]),
        (("pseudo.run=/nowhere",), 1, ["/nowhere is no run folder"]),
        (("pseudo.run=null",), 2, ["pseudo.run=null", "pseudo.path"]),
        (("pseudo.path=null",), 2, ["pseudo.path=null", "pseudo.run"]),
        (("pseudo.confidence=90",), 2, ["pseudo.confidence=90", "from 0 to 1"]),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_what_cannot_be(
    changed: tuple[str, ...],
    status: int,
    words: list[str],
    recorded: Done,
    pictures: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    told = here("train", *given(recorded, pictures, 0.5), *changed, folder=tmp_path)
    assert told.status == status
    assert told.err.startswith("error: ") and len(told.err.splitlines()) == 1
    assert [word for word in words if word not in told.err] == []
    assert not runs(tmp_path)


def test_an_unfinished_run_does_not_label(cut: Done, pictures: Path, tmp_path: Path) -> None:
    told = here("train", *given(cut, pictures, 0.5), folder=tmp_path)
    assert told.status == 1
    assert "is failed: finish its training first" in told.err


def test_a_bad_picture_stops_or_is_left_out(
    recorded: Done, pictures: Path, said: Predictions, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(pictures, tmp_path / "own"))
    (own / "bad.png").write_bytes(b"no picture")
    settings = given(recorded, own, middle(said))
    told = here("train", *settings, folder=tmp_path)
    assert told.status == 1 and "bad.png is no picture" in told.err
    told = here("train", *settings, "data.on_bad_file=skip", folder=tmp_path)
    assert told.status == 0 and "of 57 pictures" in told.out

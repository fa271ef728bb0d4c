from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from fer.data.data_sets import build_data
from fer.data.faces import EXPRESSIONS, SEVEN
from fer.data.loading import Batches, loader
from fer.data.readers.ferplus_votes import PUBLISHED, find_votes, judge, read_votes
from fer.errors import DataError
from tests.builders import fer2013new_csv
from tests.composing import settings
from tests.data.conftest import Join

# neutral, happy, surprise, sad, angry, disgust, fear, contempt, unknown, NF
RULES = {
    "clear": ([8, 2, 0, 0, 0, 0, 0, 0, 0, 0], {0: 1.0}, {0: 1.0}, {0}),
    "single votes dropped": ([5, 0, 1, 1, 1, 1, 1, 0, 0, 0], {0: 1.0}, {0: 1.0}, {0}),
    "half is no majority": ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], None, {0: 0.5, 1: 0.5}, {0, 1}),
    "three ways": ([4, 3, 3, 0, 0, 0, 0, 0, 0, 0], None, {0: 0.4, 1: 0.3, 2: 0.3}, {0, 1, 2}),
    "four ways": ([4, 2, 2, 2, 0, 0, 0, 0, 0, 0], None, None, None),
    "ties come together": (
        [6, 2, 2, 0, 0, 0, 0, 0, 0, 0],
        {0: 1},
        {0: 0.6, 1: 0.2, 2: 0.2},
        {0},
    ),
    "unknown wins": ([0, 0, 0, 4, 0, 0, 0, 0, 6, 0], None, None, None),
    "unknown beside": ([6, 0, 0, 0, 0, 0, 0, 0, 4, 0], {0: 1.0}, {0: 1.0}, {0}),
    "unknown as many": ([5, 0, 0, 0, 0, 0, 0, 0, 5, 0], None, None, {0}),
    "no face": ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], None, None, None),
    "only single votes": ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], None, None, None),
}


@pytest.mark.parametrize("case", RULES)
def test_rules_worked_out_by_hand(case: str) -> None:
    votes, majority, soft, many = RULES[case]
    columns = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
    for mode, expected in (
        ("majority", majority),
        ("probability", soft),
        ("cross_entropy", soft),
        ("multi_target", None if many is None else dict.fromkeys(many, 1.0)),
    ):
        ruling = judge(np.array([votes]), mode, EXPRESSIONS)
        assert ruling.kept.tolist() == [expected is not None], mode
        if expected is None:
            continue
        assert EXPRESSIONS[ruling.labels[0]] == columns[max(expected, key=lambda k: votes[k])]
        assert (ruling.targets is None) == (mode == "majority")
        if ruling.targets is not None:
            wanted = [expected.get(columns.index(name), 0.0) for name in EXPRESSIONS]
            assert ruling.targets[0].tolist() == pytest.approx(wanted)


def test_shares_are_of_all_voters() -> None:
    ruling = judge(np.array([[6, 1, 0, 0, 0, 0, 0, 0, 2, 1]]), "majority", SEVEN)
    assert ruling.shares[0].tolist() == pytest.approx([0, 0, 0, 0.1, 0, 0, 0.6])


def test_without_contempt_its_faces_and_votes_are_left_out() -> None:
    counts = np.array([[0, 0, 0, 0, 0, 0, 0, 9, 0, 0], [5, 0, 0, 0, 0, 0, 0, 4, 0, 0]])
    for mode in ("probability", "cross_entropy", "multi_target"):
        ruling = judge(counts, mode, SEVEN)
        assert ruling.kept.tolist() == [False, True]
        assert ruling.targets is not None
        assert ruling.targets[1].tolist() == [0, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("mode", PUBLISHED)
def test_counts_of_the_real_votes(mode: str) -> None:
    beside = Path(__file__).parents[2].parent / "shared" / "data" / "fer2013new.csv"
    path = Path(os.environ.get("FER_TEST_FERPLUS", beside))
    if not path.is_file():
        pytest.skip("FER+ itself is not here: set FER_TEST_FERPLUS to fer2013new.csv")
    votes = read_votes(path)
    kept = judge(votes.counts, mode, EXPRESSIONS).kept
    found = [int(kept[votes.part == part].sum()) for part in ("training", "public", "private")]
    assert tuple(found) == PUBLISHED[mode]


def test_rows_are_joined_by_number(table: Path, votes: Path, joined: Join) -> None:
    faces = joined(table)
    assert faces.classes == EXPRESSIONS and len(faces) == 42
    assert faces.votes is not None and faces.targets is not None and faces.part is not None
    lines = votes.read_text().splitlines()
    for face, name in enumerate(faces.names):
        row = int(name.removeprefix("row "))
        usage, _, *counts = lines[row].split(",")
        assert usage.lower().startswith(faces.part[face])
        own = (row - 1) % 14 // 2
        lost = row % 14 == 13  # the first neutral face of a part is contempt's
        assert EXPRESSIONS[faces.labels[face]] == ("contempt" if lost else SEVEN[own])
        assert 25 * own + 20 < faces.images[face].mean() < 25 * own + 80
        assert faces.votes[face].max() == pytest.approx(max(map(int, counts)) / 10)
        assert faces.targets[face].sum() == pytest.approx(1)
        assert faces.targets[face].max() == pytest.approx(1.0 if lost else 6 / 9)
    assert faces.agreement(np.array([0]))[0] == pytest.approx(0.6)  # type: ignore[index]
    assert "keeps 14 / 14 / 14 faces" in faces.notes[0] and "27,956" in faces.notes[0]
    assert "7.1% of the faces differs" in faces.notes[1]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_either_line_end_is_read(newline: str, tmp_path: Path) -> None:
    read = read_votes(fer2013new_csv(tmp_path / "votes.csv", newline=newline))
    assert len(read.part) == 42 and read.counts.sum() == 420


def test_modes_do_not_share_a_cache(table: Path, joined: Join) -> None:
    assert joined(table, "majority").targets is None
    many = joined(table, "multi_target")
    assert many.targets is not None and set(many.targets.ravel().tolist()) == {0.0, 1.0}
    seven = joined(table, contempt=False)
    assert seven.classes == SEVEN and len(seven) == 39
    assert "in use 13 / 13 / 13; 7 classes, without contempt" in seven.notes[0]
    assert len({faces.fingerprint for faces in (many, seven, joined(table))}) == 3


def test_another_order_is_refused_or_told(table: Path, joined: Join) -> None:
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, *rows[1:14], rows[0], *rows[14:]]))
    told = joined(table).notes[1]
    assert "differs" in told and "chance" not in told
    table.write_text("\n".join([head, *reversed(rows[:14]), *rows[14:28], *rows[28:]]))
    joined(table)
    table.write_text("\n".join([head, *(rows[(i + 6) % 14 + i // 14 * 14] for i in range(42))]))
    with pytest.raises(DataError, match=r"which is chance.*not in the same order"):
        joined(table)
    table.write_text("\n".join([head, *rows[1:], rows[0]]))
    with pytest.raises(DataError, match=r"row 14 is of part public.* of part training.*published"):
        joined(table)


def test_more_or_fewer_rows_are_refused(table: Path, joined: Join) -> None:
    head, *rows = table.read_text().splitlines()
    table.write_text("\n".join([head, *rows[:-2]]))
    with pytest.raises(DataError, match=r"fer2013\.csv has 40 rows and .*fer2013new\.csv 42"):
        joined(table)
    table.write_text("\n".join([head, *rows, rows[-1]]))
    with pytest.raises(DataError, match=r"has more than 42 rows"):
        joined(table)


def test_a_bad_row_keeps_the_others_in_place(table: Path, joined: Join) -> None:
    lines = table.read_text().splitlines()
    lines[9] = "2,1 2 3,Training"
    table.write_text("\n".join(lines))
    with pytest.raises(DataError, match="row 9 has 3 pixels"):
        joined(table)
    faces = joined(table, skip=True)
    assert len(faces) == 41 and "row 9" not in faces.names
    assert "7.3% of the faces differs" in faces.notes[1]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("neutral,happiness", "happiness,neutral", "must begin with the columns Usage,Image name"),
        ("PublicTest,fer0000014", "Public,fer0000014", "row 15 is damaged"),
        ("0,0,0,0,6,3,0,0,1,0\n", "0,0,0,6,3,0,0,1\n", "row 1 is damaged"),
        ("0,0,0,0,6,3,0,0,1,0\n", "0,0,0,0,6,3,0,0,-1,0\n", "row 1 has votes that are no counts"),
    ],
)
def test_damaged_votes(old: str, new: str, reason: str, votes: Path) -> None:
    assert old in votes.read_text()
    votes.write_text(votes.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=reason):
        read_votes(votes)


def test_votes_are_looked_for(tmp_path: Path, votes: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    data.mkdir(), other.mkdir()
    assert find_votes(None, tmp_path / "fer2013.csv", data) == votes
    shutil.move(votes, data)
    assert find_votes(None, other, data) == data / votes.name
    assert find_votes(str(data / votes.name), other, other) == data / votes.name
    for path, words in ((None, "no fer2013new.csv in"), ("gone.csv", "votes_path=gone.csv")):
        with pytest.raises(DataError, match=rf"{words}.*github\.com/microsoft/FERPlus"):
            find_votes(path, other, other)


def test_batches_carry_the_targets(table: Path, joined: Join) -> None:
    faces = joined(table)
    assert faces.targets is not None
    for batch in loader(faces, Batches(np.arange(42), 10, 3)):
        assert batch["target"].dtype == torch.float32
        assert np.array_equal(batch["target"].numpy(), faces.targets[batch["index"].numpy()])
    assert "target" not in next(iter(loader(joined(table, "majority"), Batches(np.arange(9), 9))))


def test_probability_draws_labels_from_the_votes() -> None:
    batch = {
        "label": torch.zeros(4000, dtype=torch.int64),
        "target": torch.tensor([0.7, 0.0, 0.3, 0, 0, 0, 0, 0]).repeat(4000, 1),
    }
    drawing = build_data(settings("data=ferplus", "data.labels=probability"))
    torch.manual_seed(1)
    one, two = drawing.aims(batch), drawing.aims(batch)
    assert set(one) == {"label"} and not torch.equal(one["label"], two["label"])
    shares = one["label"].bincount(minlength=8) / 4000
    assert shares.tolist() == pytest.approx([0.7, 0, 0.3, 0, 0, 0, 0, 0], abs=0.03)
    torch.manual_seed(1)
    assert torch.equal(drawing.aims(batch)["label"], one["label"])
    soft = build_data(settings("data=ferplus")).aims(batch)
    assert all(torch.equal(soft[key], batch[key]) for key in batch)

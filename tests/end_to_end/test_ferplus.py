"""Training on votes: all four ways, as one command each."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.builders import fer2013_csv, fer2013_tree, fer2013new_csv
from tests.end_to_end.commands import (
    TINY,
    UNTRACKED,
    assert_same_training,
    cut_short,
    here,
    only_run,
    runs,
)

SIZES = ("data.train=", "data.validation=", "data.test=")
SMALL = (*(word for word in TINY if not word.startswith(SIZES)), UNTRACKED, "data=ferplus")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Where made-up faces and their votes are."""
    folder = tmp_path_factory.mktemp("ferplus")
    fer2013new_csv(folder / "fer2013new.csv", per_class=4)
    return (f"data.path={fer2013_csv(folder / 'fer2013.csv', per_class=4)}",)


@pytest.mark.parametrize(
    "chosen",
    [
        ("data.labels=majority",),
        ("data.labels=cross_entropy", "augment.mixup.alpha=0.4"),
        ("data.labels=multi_target", "loss=multi_target", "data.contempt=leave_out"),
    ],
    ids=lambda chosen: chosen[0],
)
def test_each_mode_trains_and_reports(
    chosen: tuple[str, ...], source: tuple[str, ...], tmp_path: Path
) -> None:
    told = here("train", *SMALL, *source, *chosen, folder=tmp_path)
    assert told.status == 0, told.err
    run = only_run(tmp_path)
    seven = "data.contempt=leave_out" in chosen
    n = 27 if seven else 28
    mode = chosen[0].partition("=")[2]
    assert f"images: train {n}, validation {n}, test {n} (private); {7 if seven else 8}" in told.out
    assert f"FER+ {mode} keeps 28 / 28 / 28 faces" in run.status["notes"][0]
    assert all(math.isfinite(row["train/loss"]) for row in run.rows())
    groups = run.results()["agreement"]
    assert [(row["above"], row["to"], row["n"]) for row in groups] == [
        (0.5, 0.6, 27),
        *([] if seven else [(0.9, 1.0, 1)]),
    ]
    right = sum(row["n"] * row["accuracy"] for row in groups)
    assert right / n == pytest.approx(run.results()["metrics"]["accuracy"])
    table = (run.test / "report.md").read_text()
    assert "| votes for the label | support | accuracy |" in table
    assert "| above 50%, to 60% | 27 |" in table
    again = here("evaluate", f"run={run.path}", folder=tmp_path)
    assert "identical to the stored test" in again.out


def test_data_without_votes_has_no_agreement(plain: object) -> None:
    assert "agreement" not in plain.run.results()  # type: ignore[attr-defined]


def test_drawn_labels_are_drawn_again_alike(source: tuple[str, ...], tmp_path: Path) -> None:
    settings = (*SMALL, *source, "data.labels=probability", "trainer.max_epochs=4")
    settings = (*settings, "optimizer.lr=0.01", "scheduler=constant")
    straight, cut = tmp_path / "straight", tmp_path / "cut"
    straight.mkdir(), cut.mkdir()
    assert here("train", *settings, folder=straight).status == 0
    cut_short(*settings, epoch=3, folder=cut)
    told = here("train", *settings, folder=cut)
    assert told.status == 0 and "going on after epoch 2" in told.out
    assert_same_training(only_run(cut), only_run(straight))


def test_where_files_lie_does_not_decide(source: tuple[str, ...], tmp_path: Path) -> None:
    assert here("train", *SMALL, *source, folder=tmp_path).status == 0
    table = fer2013_csv(tmp_path / "other.csv", per_class=4)
    votes = fer2013new_csv(tmp_path / "votes.csv", per_class=4, newline="\r\n")
    same = (f"data.path={table}", f"data.votes_path={votes}")
    told = here("train", *SMALL, *same, folder=tmp_path)
    assert "this run is finished" in told.out
    told = here("train", *SMALL, *same, "data.labels=majority", folder=tmp_path)
    assert told.status == 0 and len(runs(tmp_path)) == 2


def test_pictures_are_joined_through_the_table(source: tuple[str, ...], tmp_path: Path) -> None:
    tree = fer2013_tree(tmp_path / "tree", per_class=4)
    table = source[0].partition("=")[2]
    votes = Path(table).with_name("fer2013new.csv")
    given = (f"data.path={tree}", f"data.votes_path={votes}")
    told = here("train", *SMALL, *given, folder=tmp_path)
    assert told.status == 1
    assert told.err.startswith("error: ") and len(told.err.splitlines()) == 1
    assert "data.csv_path" in told.err and "fer2013.csv" in told.err
    assert not runs(tmp_path)
    told = here("train", *SMALL, *given, f"data.csv_path={table}", folder=tmp_path)
    assert told.status == 0, told.err
    assert "84 pictures matched to rows, 0.00 gray levels" in only_run(tmp_path).status["notes"][2]


def test_votes_that_are_not_there(source: tuple[str, ...], tmp_path: Path) -> None:
    told = here("train", *SMALL, *source, "data.votes_path=gone.csv", folder=tmp_path)
    assert told.status == 1
    assert "gone.csv" in told.err and "github.com/microsoft/FERPlus" in told.err
    assert not runs(tmp_path)

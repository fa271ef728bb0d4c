"""What a comparison refuses or leaves out, and tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from fer.runs.folder import RunFolder
from tests.builders_runs import make_run, settings_of
from tests.end_to_end.commands import here
from tests.end_to_end.comparisons import compare, rows, story, text


def test_a_copy_of_a_run_is_left_out_and_not_tested(tmp_path: Path) -> None:
    for place in ("here", "there"):
        make_run(tmp_path / place / "resnet18-faces-aaaa")
    make_run(tmp_path / "there" / "resnet18-faces-bbbb", 110)
    told = compare(tmp_path, "here", "there")
    assert set(rows(tmp_path)) == {"resnet18 (aaaa)", "resnet18 (bbbb)"}
    assert "there/resnet18-faces-aaaa (copy): its configuration and every prediction" in told.err
    assert len(story(tmp_path)["sets"][0]["pairs"]) == 1


def test_an_unfinished_run_is_listed_and_not_tested(three: Path) -> None:
    run = RunFolder(make_run(three / "outputs/study/running", settings=settings_of("cnn1")))
    run.update(state="running")
    dead = RunFolder(make_run(three / "outputs/study/dead", settings=settings_of("cnn3")))
    dead.update(state="running")
    (run.test / "metrics.json").unlink()
    failed = RunFolder(make_run(three / "outputs/study/failed", settings=settings_of("cnn2")))
    failed.update(state="failed", why="loss is NaN")
    with run.lock():
        told = compare(three, "outputs/study")
    assert told.status == 0
    assert "running (running): 2 epochs so far" in told.err
    assert "dead (cut off): 2 epochs so far; the same command goes on" in told.err
    assert "failed (failed): 2 epochs so far; loss is NaN" in told.err
    assert set(rows(three)) == {"resnet18", "resnet34", "resnet50"}
    assert "2 epochs so far; loss is NaN" in text(three)


def test_only_unfinished_runs_make_a_page_that_says_so(tmp_path: Path) -> None:
    RunFolder(make_run(tmp_path / "run")).update(state="interrupted", why="interrupted by the user")
    told = compare(tmp_path, "run")
    assert told.status == 0
    assert "No finished run" in text(tmp_path)
    assert "No finished run" in told.out
    assert rows(tmp_path) == {}


@pytest.mark.parametrize("damage", ["names", "truth", "cut", "gone", "said"])
def test_predictions_that_do_not_match_the_run_are_left_out(three: Path, damage: str) -> None:
    path = three / "outputs/study/resnet50-faces-cccc/test/predictions.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    if damage == "names":
        lines[1] = lines[1].replace("test/0000", "test/9999")
    elif damage == "truth":
        lines[1] = lines[1].replace("angry", "furious")
    elif damage == "cut":
        del lines[-1]
    elif damage == "said":
        lines[1] = lines[1].replace("angry,angry", "angry,sad")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    if damage == "gone":
        path.unlink()
    told = compare(three, "outputs/study")
    assert told.status == 0
    assert "(damaged)" in told.err
    assert "predictions.csv" in told.err
    assert set(rows(three)) == {"resnet18", "resnet34"}


def test_damaged_files_are_listed_and_the_page_is_right(three: Path) -> None:
    study = three / "outputs/study"
    for name, file, old, new in (
        ("words", "metrics.csv", "10", "ten"),
        ("columns", "metrics.csv", "10\n", "10,11\n"),
        ("epochs", "metrics.csv", "epoch,", "era,"),
        ("metrics", "test/metrics.json", '"accuracy"', '"precision"'),
        ("classes", "test/metrics.json", '"f1"', '"f2"'),
        ("counts", "status.json", '"train"', '"trained"'),
    ):
        path = make_run(study / name, 90, settings=settings_of(name)) / file
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    evaluation = study / "resnet18-faces-aaaa/evaluations/x-all/metrics.json"
    evaluation.parent.mkdir(parents=True)
    evaluation.write_text("{}")
    told = compare(three, "outputs/study")
    assert told.status == 0, told.err
    assert told.err.count("(damaged)") == 6
    assert "metrics.csv is damaged: it has more than numbers" in told.err
    assert "metrics.json lacks metrics.accuracy: restore it" in told.err
    assert "evaluations/x-all/metrics.json is damaged and left out" in text(three)
    assert set(rows(three)) == {"resnet18", "resnet34", "resnet50"}


@pytest.mark.parametrize("content", ["[]", "3", "null"])
def test_files_that_hold_no_object_are_left_out(three: Path, content: str) -> None:
    study = three / "outputs/study"
    (study / "resnet34-faces-bbbb/test/metrics.json").write_text(content)
    (study / "resnet50-faces-cccc/status.json").write_text(content)
    evaluation = study / "resnet18-faces-aaaa/evaluations/x-all/metrics.json"
    evaluation.parent.mkdir(parents=True)
    evaluation.write_text(content)
    (study / "sweep-1/jobs").mkdir(parents=True)
    (study / "sweep-1/jobs/0.json").write_text(content)
    for name, columns in {"group": "fold,seed,run\n", "bad": "fold,seed\n0,0"}.items():
        (study / name).mkdir()
        (study / name / "repeats.csv").write_text(columns)
        (study / name / "metrics.json").write_text(content)
    told = compare(three, "outputs/study", "outputs/study/sweep-1")
    assert told.status == 0, told.err
    assert told.err.count("holds no JSON object; restore it") == 3
    assert "0.json (damaged): this record of a job is damaged" in told.err
    assert "repeats.csv is damaged" in told.err
    assert "evaluations/x-all/metrics.json is damaged and left out" in text(three)
    assert set(rows(three)) == {"resnet18"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["outputs/nothing*"], "outputs/nothing*: this pattern matches no run"),
        (["outputs/none"], "outputs/none: there is no such folder"),
        (["outputs/empty"], "outputs/empty: holds no run"),
        (["outputs/study", "baseline=vgg19"], "baseline=vgg19 names none of the runs: give one of"),
    ],
)
def test_what_is_no_run_ends_in_one_message(three: Path, words: list[str], said: str) -> None:
    (three / "outputs/empty").mkdir()
    told = compare(three, *words)
    assert told.status in (1, 2)
    assert said in told.err
    assert told.err.startswith("error: ")
    assert not (three / "told").exists()


def test_a_baseline_that_was_left_out_or_is_not_alone_says_so(three: Path) -> None:
    first = three / "outputs/study/resnet18-faces-aaaa"
    twin = make_run(three / "outputs/other" / first.name, 90, settings=settings_of("cnn1"))
    told = compare(three, "outputs/*", f"baseline={first.name}")
    assert told.status == 2
    assert f"{first} (resnet18)" in told.err and f"{twin} (cnn1)" in told.err
    (first / "config.yaml").unlink()
    told = compare(three, "outputs/study", f"baseline={first.name}")
    assert told.status == 2 and "is left out (damaged)" in told.err
    told = compare(three, "outputs/study")
    assert told.status == 0 and f"left out: {first} (damaged)" in told.err


def test_comparisons_do_not_overwrite_each_other(three: Path) -> None:
    make_run(three / "outputs/other/resnet18-faces-aaaa", 90)
    for words in (
        ["outputs/study/resnet18-faces-aaaa"],
        ["outputs/other/resnet18-faces-aaaa"],
        ["outputs/study"],
        ["outputs/study", "cost=parameters"],
        ["outputs/study"],
    ):
        assert here("compare", *words, folder=three).status == 0
    assert len(list((three / "outputs/comparisons").glob("*/index.html"))) == 4
    (three / "told").write_text("")
    told = compare(three, "outputs/study")
    assert told.status == 2 and "told is a file" in told.err


def test_beside_runs_a_wrong_word_is_told_and_the_page_is_right(three: Path) -> None:
    told = compare(three, "outputs/study", "nothing*")
    assert told.status == 0
    assert "nothing* (not found): this pattern matches no run" in told.err
    assert "this pattern matches no run" in text(three)
    assert len(rows(three)) == 3


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("cost=price", "cost=price cannot be: choose training_seconds"),
        ("alpha=2", "alpha=2 cannot be"),
        ("target=paper", "target=paper cannot be: choose page, wandb"),
        ("runs=3", "runs=3 cannot be: it is a list of folders"),
        ("runs=[]", "no run is named"),
    ],
)
def test_wrong_settings_are_refused_with_their_key(tmp_path: Path, word: str, said: str) -> None:
    told = here("compare", word, *(["x"] if not word.startswith("runs") else []), folder=tmp_path)
    assert told.status == 2
    assert said in told.err


def test_an_older_run_says_what_it_did_not_measure(tmp_path: Path) -> None:
    make_run(tmp_path / "runs/old", milliseconds=None)
    make_run(tmp_path / "runs/new", 110, settings=settings_of("resnet34"))
    assert compare(tmp_path, "runs", "cost=milliseconds_per_face").status == 0
    assert rows(tmp_path)["resnet18"]["milliseconds_per_face"] == ""
    assert rows(tmp_path)["resnet34"]["tags"] == "best front"

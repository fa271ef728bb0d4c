"""`fer.compare` on run folders as trainings leave them: what the page says, and what it refuses."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer.runs.folder import RunFolder
from tests.builders_runs import CLASSES, N, make_group, make_run, settings_of
from tests.end_to_end.commands import Told, here

LOGGER = {"project": "faces", "entity": "lab"}


def compare(folder: Path, *words: str) -> Told:
    return here("compare", *words, "output=told", folder=folder)


def story(folder: Path) -> dict[str, Any]:
    found = json.loads((folder / "told" / "comparison.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def text(folder: Path, name: str = "index.html") -> str:
    return (folder / "told" / name).read_text(encoding="utf-8")


def rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "told" / "comparison.csv").open(newline="", encoding="utf-8") as file:
        return {row["row"]: row for row in csv.DictReader(file)}


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """Two runs that differ by a hair, and a much better one of lower validation accuracy."""
    outputs = tmp_path / "outputs" / "study"
    make_run(outputs / "resnet18-faces-aaaa", 100, 0.60)
    make_run(outputs / "resnet34-faces-bbbb", 102, 0.55, settings=settings_of("resnet34"))
    make_run(outputs / "resnet50-faces-cccc", 180, 0.58, settings=settings_of("resnet50"))
    return tmp_path


def test_what_cannot_be_told_apart_is_said_in_words(three: Path) -> None:
    told = compare(three, "outputs/study")
    assert told.status == 0, told.err
    (found,) = story(three)["sets"]
    said = {(pair["first"], pair["second"]): pair["verdict"] for pair in found["pairs"]}
    assert said["resnet34", "resnet18"] == (
        "resnet34 and resnet18 cannot be told apart on these 210 images (p = 0.5, difference "
        "1.0 points, 0.0 to 2.4)."
    )
    assert said["resnet50", "resnet18"].startswith(
        "resnet50 is better than resnet18 on these 210 images: 38.1 points ("
    )
    for words in (*said.values(), "difference 1.0 points"):
        assert words.replace("<", "&lt;") in text(three)
    assert said["resnet34", "resnet18"] in told.out.replace("\n", " ")


def test_the_best_is_chosen_on_validation_never_on_the_test(three: Path) -> None:
    compare(three, "outputs/study")
    (found,) = story(three)["sets"]
    assert found["best"] == "resnet18"
    assert [row["row"] for row in found["rows"]] == ["resnet50", "resnet34", "resnet18"]
    assert any("picked after seeing the test" in words for words in found["headlines"])


def test_holm_corrects_best_and_baseline_together(three: Path) -> None:
    compare(three, "outputs/study")
    alone = {p["first"]: p["p"] for p in story(three)["sets"][0]["pairs"]}
    compare(three, "outputs/study", "baseline=resnet34")
    both = story(three)["sets"][0]["pairs"]
    assert [(p["first"], p["second"]) for p in both] == [
        ("resnet50", "resnet18"),
        ("resnet34", "resnet18"),
        ("resnet50", "resnet34"),
    ]
    assert both[0]["p"] == pytest.approx(alone["resnet50"] * 3 / 2)
    assert both[1]["p"] == pytest.approx(alone["resnet34"]) == 0.5


def test_the_page_says_first_what_can_be_told_apart_and_hides_what_is_not_known(
    tmp_path: Path,
) -> None:
    for model in ("cnn1", "cnn2"):
        right, settings = 100 + 9 * (model == "cnn2"), settings_of(model)
        make_run(tmp_path / "runs" / model, right, settings=settings, milliseconds=None)
    compare(tmp_path, "runs")
    page = text(tmp_path)
    assert page.index("What can be told apart") < page.index('<table class="rows">')
    assert "<th scope=col>training</th>" in page
    assert "<th scope=col>per face</th>" not in page
    assert "| per face |" not in text(tmp_path, "comparison.md")
    assert "<th scope=col>seeds or folds p</th>" not in page


def test_what_all_rows_have_stands_above_the_table_once(three: Path) -> None:
    compare(three, "outputs/study")
    common = "All rows: training images 900, parameters 11.0 M, trained 11.0 M, per face 1.5 ms"
    assert common in text(three)
    assert common in text(three, "comparison.md")
    assert "<th scope=col>parameters</th>" not in text(three)
    RunFolder(three / "outputs/study/resnet50-faces-cccc").update(
        parameters=5, trained_parameters=2
    )
    compare(three, "outputs/study")
    assert ">11.0 M<small>all trained</small><small>44 MB</small><" in text(three)
    assert ">5<small>2 trained</small><" in text(three)


def test_many_settings_of_a_row_wait_to_be_unfolded(three: Path) -> None:
    run = RunFolder(three / "outputs/study/resnet50-faces-cccc")
    several = {f"setting{k}": k for k in range(9)}
    for other in (three / "outputs/study").iterdir():
        usual = RunFolder(other).settings
        usual["augment"] = dict.fromkeys(several, -1)
        RunFolder(other).create(usual, **RunFolder(other).status)
    run.create(run.settings | {"augment": several}, **run.status)
    compare(three, "outputs/study")
    assert "<code>setting4=4</code><details><summary>4 more</summary>" in text(three)
    assert "setting0=0; setting1=1; setting2=2; setting3=3; setting4=4; 4 more |" in text(
        three, "comparison.md"
    )


def test_a_run_of_one_epoch_is_a_point_among_the_curves(three: Path) -> None:
    run = RunFolder(three / "outputs/study/resnet50-faces-cccc")
    run.write_rows([{"epoch": 2, "validation/accuracy": 0.58, "seconds": 10.0}])
    compare(three, "outputs/study")
    assert "<title>resnet50: best epoch 58.0 %</title>" in text(three)
    compare(three, "outputs/study/resnet50-faces-cccc")  # no row has a second epoch
    assert "<title>resnet50: best epoch 58.0 %</title>" in text(three)


def test_the_cost_unasked_is_the_whole_training(three: Path) -> None:
    compare(three, "outputs/study")
    assert float(rows(three)["resnet18"]["training_seconds"]) == 20
    assert "On the front of accuracy against training time: resnet50 (20.0 s)" in text(three)
    assert "Test accuracy against training time" in text(three)


def blend_of(study: Path, *members: str) -> Path:
    named = [str(study / member) for member in members]
    settings = settings_of("blend", model_kind="blend", model_members=named)
    return make_run(study / "blend-faces-dddd", 190, settings=settings)


def test_a_blend_costs_what_its_members_cost_too(three: Path) -> None:
    study = three / "outputs/study"
    blend_of(study, "resnet18-faces-aaaa", "resnet34-faces-bbbb")
    compare(three, "outputs/study")
    assert float(rows(three)["blend"]["training_seconds"]) == 60
    assert float(rows(three)["blend"]["seconds_per_epoch"]) == 30
    assert rows(three)["blend"]["members"] == "2"
    assert "blend (1 min 00 s with its members)" in text(three)
    study.rename(three / "outputs/moved")  # all outputs lie elsewhere now
    compare(three, "outputs/moved")
    assert float(rows(three)["blend"]["training_seconds"]) == 60


def test_a_blend_whose_members_are_gone_is_on_no_front(three: Path) -> None:
    blend_of(three / "outputs/study", "resnet18-faces-aaaa", "resnet34-faces-gone")
    assert compare(three, "outputs/study").status == 0
    assert rows(three)["blend"]["training_seconds"] == ""
    assert rows(three)["blend"]["tags"] == ""
    assert rows(three)["blend"]["members"] == "not found"
    assert "blend: the run folders of its members are not all there" in text(three)
    assert "n/a<small>without its members</small>" in text(three)


def test_the_other_forms_hold_the_same(three: Path) -> None:
    compare(three, "outputs/study", "cost=milliseconds_per_face")
    table = rows(three)
    assert float(table["resnet18"]["test/accuracy"]) == pytest.approx(100 / N)
    assert float(table["resnet18"]["test/accuracy_low"]) < 100 / N
    assert table["resnet34"]["settings/model.name"] == "resnet34"
    assert float(table["resnet18"]["megabytes"]) == 44.0
    assert table["resnet50"]["tags"] == "front"
    assert table["resnet18"]["tags"] == "best"
    assert "settings/model.dropout" not in table["resnet18"]
    assert "| resnet50 **front** |" in text(three, "comparison.md")
    assert "cannot be told apart" in text(three, "comparison.md")
    assert "1.5 ms" in text(three)


def test_the_page_needs_nothing_from_elsewhere(three: Path) -> None:
    compare(three, "outputs/study")
    page = text(three)
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert 'href="../outputs/study/resnet18-faces-aaaa/"' in page


def test_paths_globs_and_settings_stand_side_by_side(three: Path) -> None:
    odd = three / "it's a=b, [x]"
    make_run(odd / "cnn1-faces-dddd", 120, settings=settings_of("cnn1"))
    told = compare(three, "outputs/study/resnet[13]*", f"{odd.name}", "baseline=cnn1")
    assert told.status == 0, told.err
    assert set(rows(three)) == {"resnet18", "resnet34", "cnn1"}
    assert rows(three)["cnn1"]["tags"] == "baseline front"


def test_a_sweep_folder_stands_for_its_jobs(three: Path) -> None:
    jobs = three / "outputs/study/sweep-1234/jobs"
    jobs.mkdir(parents=True)
    stories: list[dict[str, Any]] = [
        {"status": "finished", "folder": "elsewhere/study/resnet18-faces-aaaa"},
        {"status": "finished", "folder": "elsewhere/study/resnet50-faces-cccc"},
        {"status": "failed", "error": "out of memory"},
    ]
    for k, each in enumerate(stories):
        each |= {"number": k, "overrides": [f"seed={k}"]}
        (jobs / f"{k:04d}.json").write_text(json.dumps(each), encoding="utf-8")
    told = compare(three, "outputs/study/sweep-1234")
    assert set(rows(three)) == {"resnet18", "resnet50"}
    assert "sweep-1234, job 2 (seed=2) (failed): out of memory" in told.err


def test_seeds_are_one_row_and_tested_over_the_seeds(tmp_path: Path) -> None:
    for model, hits in {"cnn1": (100, 110, 120), "cnn2": (130, 141, 149)}.items():
        for seed, right in enumerate(hits):
            settings = settings_of(model, seed)
            make_run(tmp_path / f"runs/{model}-{seed}", right, 0.5, settings=settings)
    assert compare(tmp_path, "runs").status == 0
    (found,) = story(tmp_path)["sets"]
    first = {row["row"]: row for row in found["rows"]}["cnn1"]
    assert first["seeds"] == "0 1 2"
    assert first["test/accuracy"] == pytest.approx(110 / N)
    assert first["test/accuracy_deviation"] == pytest.approx(10 / N)
    (pair,) = found["pairs"]
    assert pair["repeats"] == 3
    assert 0 < pair["t_p"] < 0.05
    assert "over 3 seeds" in pair["verdict"]
    assert "± 4.8 over 3 seeds" in text(tmp_path)


def test_a_setting_that_is_off_and_one_that_older_runs_lack_are_one_row(tmp_path: Path) -> None:
    make_run(tmp_path / "runs/old")
    make_run(tmp_path / "runs/new", settings=settings_of(seed=1, model_trunk_cache=0))
    make_run(tmp_path / "runs/on", settings=settings_of(seed=2, model_trunk_cache=4))
    compare(tmp_path, "runs")
    found = {name: row["seeds"] for name, row in rows(tmp_path).items()}
    assert found == {"resnet18, trunk_cache=0": "0 1", "resnet18, trunk_cache=4": "2"}


def test_seeds_on_other_training_faces_are_rows_of_their_own(tmp_path: Path) -> None:
    for seed in range(2):
        run = RunFolder(make_run(tmp_path / f"runs/{seed}", settings=settings_of(seed=seed)))
        run.update(data_fingerprint=f"{seed}" * 64)
    compare(tmp_path, "runs")
    assert len(rows(tmp_path)) == 2


def make_seeds(folder: Path, model: str, hits: dict[int, int], validation: float = 0.5) -> None:
    for seed, right in hits.items():
        settings = settings_of(model, seed)
        make_run(folder / f"{model}-{seed}", right, validation, settings=settings)


def test_one_seed_never_decides_against_what_all_seeds_say(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 120}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 80, 1: 200, 2: 200})
    assert compare(tmp_path, "runs").status == 0
    (found,) = story(tmp_path)["sets"]
    (pair,) = found["pairs"]
    assert pair["verdict"] == (
        "cnn2 against cnn1 cannot be decided: give both the same seeds. With seed 0 alone the "
        "difference is -19.0 points, of the means over all seeds +19.0."
    )
    assert "Cannot be decided without the same seeds: cnn2." in found["headlines"]
    assert not any("worse" in words or "Better" in words for words in found["headlines"])


def test_where_one_seed_is_paired_its_difference_is_told(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {1: 100}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 120, 1: 142, 2: 200})
    compare(tmp_path, "runs")
    (pair,) = story(tmp_path)["sets"][0]["pairs"]
    assert pair["difference"] == pytest.approx(42 / N)
    assert pair["low"] < 42 / N < pair["high"]
    said = "cnn2 is better than cnn1 on these 210 images, with seed 1 alone: 20.0 points ("
    assert pair["verdict"].startswith(said)


def test_seeds_that_only_one_row_has_are_not_in_the_difference(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100, 1: 104}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 120, 1: 122, 2: 200})
    compare(tmp_path, "runs")
    (pair,) = story(tmp_path)["sets"][0]["pairs"]
    assert pair["difference"] == pytest.approx(19 / N)
    assert "over 2 seeds (0, 1)" in pair["verdict"]


def test_rows_without_a_common_seed_are_told_as_such(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {1: 150})
    compare(tmp_path, "runs")
    (pair,) = story(tmp_path)["sets"][0]["pairs"]
    assert "seed 1 of cnn2 against seed 0 of cnn1, which have no seed in common" in pair["verdict"]
    assert "(seeds 1 : 0)" in text(tmp_path)


def test_seeds_that_differ_by_the_same_are_told_apart_over_the_images(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100, 1: 110}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 101, 1: 111})
    compare(tmp_path, "runs")
    (pair,) = story(tmp_path)["sets"][0]["pairs"]
    assert (pair["t_p"], pair["p"]) == (None, 1)
    assert "cannot be told apart on these 210 images, with seed 0 alone" in pair["verdict"]


def test_all_pairs_are_one_family_whichever_test_decides(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100, 1: 110, 2: 120}, validation=0.6)
    make_seeds(tmp_path / "runs", "cnn2", {0: 130, 1: 141, 2: 149})
    make_seeds(tmp_path / "runs", "cnn3", {0: 112})
    compare(tmp_path, "runs")
    pairs = {pair["first"]: pair for pair in story(tmp_path)["sets"][0]["pairs"]}
    raw = sorted([pairs["cnn2"]["t_p"], pairs["cnn3"]["mcnemar_p"]])
    assert sorted(pair["p"] for pair in pairs.values()) == pytest.approx(
        [2 * raw[0], max(2 * raw[0], raw[1])]
    )


def test_a_copy_of_a_run_is_left_out_and_not_tested(tmp_path: Path) -> None:
    for place in ("here", "there"):
        make_run(tmp_path / place / "resnet18-faces-aaaa")
    make_run(tmp_path / "there" / "resnet18-faces-bbbb", 110)
    told = compare(tmp_path, "here", "there")
    assert set(rows(tmp_path)) == {"resnet18 (aaaa)", "resnet18 (bbbb)"}
    assert "there/resnet18-faces-aaaa (copy): its configuration and every prediction" in told.err
    assert len(story(tmp_path)["sets"][0]["pairs"]) == 1


def test_a_group_of_trials_is_one_row_and_hides_its_runs(tmp_path: Path) -> None:
    runs = [
        make_run(
            tmp_path / f"runs/resnet18-faces-{seed}", 100 + seed, settings=settings_of(seed=seed)
        )
        for seed in range(3)
    ]
    make_group(tmp_path / "runs/resnet18-faces-9-3trials", runs)
    assert compare(tmp_path, "runs").status == 0
    assert list(rows(tmp_path)) == ["resnet18"]
    assert rows(tmp_path)["resnet18"]["seeds"] == "0 1 2"


def test_the_good_seeds_of_a_group_that_misses_one_are_a_row(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "runs/resnet18-faces-0")]
    make_group(
        tmp_path / "runs/resnet18-faces-9-2trials", runs, complete=False, missing={"seed 1": "why"}
    )
    told = compare(tmp_path, "runs")
    assert told.status == 0
    assert "(incomplete): seed 1 missing" in told.err
    assert rows(tmp_path)["resnet18"]["seeds"] == "0"


def test_a_broken_protocol_is_marked_wherever_the_run_is_shown(three: Path) -> None:
    words = "99.8% of the test images show a person who is also in training"
    for model, cautions in {"vgg19": [words], "vgg16": None}.items():  # the second is an older run
        settings = settings_of(model, protocol_name="random_kfold")
        folder = three / f"outputs/study/{model}"
        make_run(folder, 150, notes=[words], cautions=cautions, settings=settings)
    told = compare(three, "outputs/study")
    names = [name for name in rows(three) if name.startswith("vgg")]
    assert sorted(names) == ["vgg16 (!)", "vgg19 (!)"]
    for form in (text(three), text(three, "comparison.md"), told.out.replace("\n", " ")):
        assert f"vgg19 (!): {words}" in form
    page = text(three)
    assert page.count("vgg19 (!)") > 8  # tables, legends, figures, verdicts, settings
    assert ">vgg19<" not in page.replace('data-name="model.name">vgg19<', "")  # but the setting's


def test_other_test_images_labels_or_classes_are_never_ranked_together(three: Path) -> None:
    study = three / "outputs/study"
    others = [f"test/{k:04d}.png" for k in range(1, N + 1)]
    make_run(study / "images", 210, names=others, settings=settings_of("cnn1"))
    eight = (*CLASSES, "contempt")
    make_run(study / "classes", 200, classes=eight, settings=settings_of("cnn2"))
    told = compare(three, "outputs/study", "baseline=cnn1")
    sets = story(three)["sets"]
    assert [[row["row"] for row in found["rows"]] for found in sets] == [
        ["resnet50", "resnet34", "resnet18"],
        ["cnn1"],
        ["cnn2"],
    ] or [len(found["rows"]) for found in sets] == [3, 1, 1]
    assert all(len(found["pairs"]) == (2 if len(found["rows"]) == 3 else 0) for found in sets)
    assert "cannot all be ranked together" in text(three)
    assert "8 classes" in text(three)
    assert "The baseline cnn1 answered other images" in told.out.replace("\n", " ")


def test_an_unfinished_run_is_listed_and_not_tested(three: Path) -> None:
    run = RunFolder(make_run(three / "outputs/study/running", settings=settings_of("cnn1")))
    run.update(state="running")
    (run.test / "metrics.json").unlink()
    failed = RunFolder(make_run(three / "outputs/study/failed", settings=settings_of("cnn2")))
    failed.update(state="failed", why="loss is NaN")
    told = compare(three, "outputs/study")
    assert told.status == 0
    assert "running (running): 2 epochs so far" in told.err
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


def test_other_numbers_of_training_images_are_told(three: Path) -> None:
    run = RunFolder(three / "outputs/study/resnet50-faces-cccc")
    run.update(counts=run.status["counts"] | {"train": 210})
    told = compare(three, "outputs/study")
    said = "not trained on as many images (210: resnet50; 900: "
    assert said in told.out.replace("\n", " ")
    assert said in text(three)
    assert 'data-name="training images">210<' in text(three)


def with_copies(run: Path, copies: int, accuracy: float) -> None:
    path = run / "test/metrics.json"
    left = {"in_training": copies, "accuracy_without": accuracy, "n_without": N - copies}
    path.write_text(json.dumps(json.loads(path.read_text()) | {"copies": left}))


def test_accuracy_without_copies_is_a_column_where_a_run_has_copies(three: Path) -> None:
    first, second, _ = sorted((three / "outputs/study").iterdir())
    with_copies(first, 0, 100 / N)
    compare(three, "outputs/study")
    assert "<th scope=col>without copies</th>" not in text(three)
    with_copies(second, 20, 0.4)
    compare(three, "outputs/study")
    assert "<th scope=col>without copies</th>" in text(three)
    assert "40.0 %<small>n = 190</small>" in text(three)
    assert "| 40.0 % (n = 190) |" in text(three, "comparison.md")
    assert float(rows(three)["resnet34"]["test/accuracy_without_copies"]) == 0.4
    assert rows(three)["resnet50"]["test/accuracy_without_copies"] == ""


def test_pooled_folds_weigh_what_is_left_without_copies(tmp_path: Path) -> None:
    for fold, copies in enumerate((0, 10, N)):
        run = make_fold(tmp_path / "runs", fold, 100)
        with_copies(run, copies, 0.5 + 0.1 * fold if copies < N else math.nan)
    compare(tmp_path, "runs")
    row = rows(tmp_path)["resnet18"]
    left = (0.5 * N + 0.6 * (N - 10)) / (2 * N - 10)
    assert float(row["test/accuracy_without_copies"]) == pytest.approx(left)
    assert float(row["test/n_without_copies"]) == 2 * N - 10


def make_fold(folder: Path, fold: int, right: int, seed: int = 0) -> Path:
    """One of three folds."""
    settings = settings_of(seed=seed, protocol_name="kfold", protocol_fold=fold, protocol_folds=3)
    names = [f"test/{k + N * fold:04d}.png" for k in range(N)]
    return make_run(folder / f"fold{fold}-seed{seed}", right, names=names, settings=settings)


def test_folds_trained_one_by_one_are_pooled_as_a_group(tmp_path: Path) -> None:
    for fold, right in enumerate((100, 110, 150)):
        make_fold(tmp_path / "runs", fold, right)
    compare(tmp_path, "runs")
    row = rows(tmp_path)["resnet18"]
    assert float(row["test/accuracy"]) == pytest.approx(120 / N)
    assert float(row["test/accuracy_deviation"]) == pytest.approx(
        np.std([100, 110, 150], ddof=1) / N
    )
    assert float(row["test/accuracy_low"]) < 120 / N < float(row["test/accuracy_high"])
    assert (row["n"], row["folds"], row["part"]) == (str(3 * N), "3", "3 folds pooled")
    assert "differ in protocol.fold alone" not in text(tmp_path)
    make_fold(tmp_path / "runs", 1, 130, seed=1)  # a second seed that lacks two folds
    compare(tmp_path, "runs")
    assert sorted(row["n"] for row in rows(tmp_path).values()) == [str(N), str(3 * N)]


def test_folds_of_several_seeds_are_one_row_of_their_means(tmp_path: Path) -> None:
    for seed in range(2):
        for fold in range(3):
            make_fold(tmp_path / "runs", fold, 100 + 20 * seed, seed)
    compare(tmp_path, "runs")
    row = rows(tmp_path)["resnet18"]
    assert float(row["test/accuracy"]) == pytest.approx(110 / N)
    assert (row["seeds"], row["folds"]) == ("0 1", "3")


def test_a_damaged_probability_of_one_fold_leaves_that_run_out_alone(tmp_path: Path) -> None:
    for seed in range(2):
        for fold in range(3):
            make_fold(tmp_path / "runs", fold, 100, seed)
    path = tmp_path / "runs/fold1-seed1/test/predictions.csv"
    path.write_text(path.read_text("utf-8").replace("0.9", "nan", 1), "utf-8")
    told = compare(tmp_path, "runs")
    assert told.status == 0, told.err
    assert told.err.count("left out: ") == 1
    assert "fold1-seed1 (damaged): " in told.err
    assert "1 of 210 faces have a probability that is not a number" in told.err
    found = sorted((row["n"], row["seeds"]) for row in rows(tmp_path).values())
    assert found == [(str(N), "1"), (str(N), "1"), (str(3 * N), "0")]
    assert "fold 1 of 3 missing" in text(tmp_path)


def test_folds_that_are_missing_are_named(tmp_path: Path) -> None:
    for fold in (0, 2):
        make_fold(tmp_path / "runs", fold, 100)
    told = compare(tmp_path, "runs").out.replace("\n", " ")
    assert "differ in protocol.fold alone" in told
    assert "fold 1 of 3 missing" in told
    assert len(rows(tmp_path)) == 2
    make_fold(tmp_path / "runs", 1, 100, seed=1)
    told = compare(tmp_path, "runs").out.replace("\n", " ")
    assert "of seed 0 fold 1 of 3 missing; of seed 1 folds 0, 2 of 3 missing" in told


def test_a_fold_for_each_person_is_pooled_once_all_faces_were_tested(tmp_path: Path) -> None:
    loso = {"protocol_name": "leave_one_subject_out", "protocol_folds": None}
    for fold in range(2):
        names = [f"test/{k + N * fold:04d}.png" for k in range(N)]
        settings = settings_of(**loso, protocol_fold=fold)
        run = RunFolder(make_run(tmp_path / f"runs/{fold}", names=names, settings=settings))
        run.update(counts={"train": 2 * N - 20, "validation": 20, "test": N})
    compare(tmp_path, "runs")
    assert "once all folds of a seed are there: folds after 1 missing." in text(tmp_path)
    RunFolder(tmp_path / "runs/0").update(counts={"train": N - 20, "validation": 20, "test": N})
    compare(tmp_path, "runs")
    assert [row["n"] for row in rows(tmp_path).values()] == [str(2 * N)]


def test_training_faces_that_were_dropped_hide_no_missing_fold(tmp_path: Path) -> None:
    loso = {"protocol_name": "leave_one_subject_out", "data_conflicts": "drop"}
    runs = []
    for fold in range(2):
        names = [f"test/{k + N * fold:04d}.png" for k in range(N)]
        settings = settings_of(**loso, protocol_fold=fold)
        run = RunFolder(make_run(tmp_path / f"runs/{fold}", names=names, settings=settings))
        run.update(counts={"train": N - 20, "validation": 20, "test": N}, faces=3 * N)
        runs.append(run)
    compare(tmp_path, "runs")
    assert "once all folds of a seed are there: folds after 1 missing." in text(tmp_path)
    for run in runs:  # as an older one
        run.update(faces=None)
    compare(tmp_path, "runs")
    assert "with data.conflicts=drop nothing says how many folds there are" in text(tmp_path)
    runs[1].update(faces=2 * N)
    compare(tmp_path, "runs")
    assert [row["n"] for row in rows(tmp_path).values()] == [str(2 * N)]


def test_the_command_compares_the_same_again(three: Path) -> None:
    compare(three, "outputs/study", "alpha=0.01", "cost=parameters")
    command = story(three)["command"]
    words = "outputs/study output=told cost=parameters alpha=0.01"
    assert command == f"python -m fer.compare {words}"


def test_the_order_of_the_predictions_does_not_matter(three: Path) -> None:
    compare(three, "outputs/study")
    before = story(three)["sets"][0]["pairs"]
    path = three / "outputs/study/resnet50-faces-cccc/test/predictions.csv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([head, *reversed(lines)]) + "\n", encoding="utf-8")
    compare(three, "outputs/study")
    assert story(three)["sets"][0]["pairs"] == before


def test_one_single_run_has_a_page_without_tests(three: Path) -> None:
    told = compare(three, "outputs/study/resnet18-faces-aaaa")
    assert told.status == 0
    assert story(three)["sets"][0]["pairs"] == []
    assert "nothing to test it against" in text(three)
    assert "best" not in rows(three)["resnet18"]["tags"]


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


def evaluate_elsewhere(path: Path, accuracy: float) -> None:
    """As `fer.evaluate` leaves it of another data set."""
    (path / "evaluations/other-all").mkdir(parents=True)
    found = RunFolder(path).results() | {
        "data": "ckplus",
        "part": "all",
        "n": 981,
        "test_hash": "c" * 16,
        "protocol": {"name": "cross-data"},
        "metrics": {"accuracy": accuracy},
    }
    (path / "evaluations/other-all/metrics.json").write_text(json.dumps(found))


def test_tested_on_other_data_makes_a_matrix(three: Path) -> None:
    evaluate_elsewhere(three / "outputs/study/resnet18-faces-aaaa", 0.321)
    assert compare(three, "outputs/study").status == 0
    cells = {(c["row"], c["tested_on"]): c["accuracy"] for c in story(three)["cross_data"]}
    assert cells["resnet18", "ckplus, all"] == 0.321
    assert cells["resnet18", "faces, test"] == pytest.approx(100 / N)
    assert "32.1 %<small>n = 981</small>" in text(three)


def test_on_other_data_too_a_row_is_the_mean_of_its_models_or_says_whose(tmp_path: Path) -> None:
    make_seeds(tmp_path / "runs", "cnn1", {0: 100, 1: 120})
    for fold in range(3):
        make_fold(tmp_path / "runs", fold, 100)
    evaluate_elsewhere(tmp_path / "runs/cnn1-1", 0.4)
    evaluate_elsewhere(tmp_path / "runs/fold0-seed0", 0.5)
    compare(tmp_path, "runs")
    other = "ckplus, all"
    cells = {(c["row"], c["tested_on"]): c for c in story(tmp_path)["cross_data"]}
    assert cells["cnn1", other]["models"] == "seed 1 alone"
    assert cells["cnn1", "faces, test"]["models"] == "mean of 2 seeds"
    assert cells["resnet18", other]["models"] == "fold 0 alone"
    assert cells["resnet18", "faces, 3 folds pooled"]["models"] == ""
    assert "40.0 %<small>n = 981</small><small>seed 1 alone</small>" in text(tmp_path)
    assert "| ckplus, all | 50.0 % (fold 0 alone) | 981 |" in text(tmp_path, "comparison.md")
    evaluate_elsewhere(tmp_path / "runs/cnn1-0", 0.2)
    compare(tmp_path, "runs")
    cells = {(c["row"], c["tested_on"]): c for c in story(tmp_path)["cross_data"]}
    assert cells["cnn1", other]["accuracy"] == pytest.approx(0.3)
    assert cells["cnn1", other]["models"] == "mean of 2 models"


def test_a_verdict_says_once_what_two_names_share(tmp_path: Path) -> None:
    for k, (epochs, right) in enumerate([(2, 100), (2, 102), (8, 104)]):
        settings = settings_of(optimizer_lr=0.1 * (k + 1), trainer_max_epochs=epochs)
        make_run(tmp_path / f"runs/{k}", right, 0.5 - 0.1 * k, settings=settings)
    compare(tmp_path, "runs")
    said = {pair["first"]: pair["verdict"] for pair in story(tmp_path)["sets"][0]["pairs"]}
    start = "resnet18, max_epochs=2: lr=0.2 and lr=0.1 cannot be told apart on these 210 images"
    assert said["resnet18, lr=0.2, max_epochs=2"].startswith(start)
    start = "resnet18: max_epochs=8 and lr=0.1, max_epochs=2 cannot be told apart"
    assert said["resnet18, max_epochs=8"].startswith(start)


def test_other_images_of_one_part_are_columns_of_their_own(three: Path) -> None:
    for name, test in {"resnet18-faces-aaaa": "a" * 16, "resnet34-faces-bbbb": "b" * 16}.items():
        run = RunFolder(three / "outputs/study" / name)
        (run.path / "evaluations/other-all").mkdir(parents=True)
        found = run.results() | {"data": "ckplus", "protocol": {"name": "cross-data"}}
        found |= {"test_hash": test}
        (run.path / "evaluations/other-all/metrics.json").write_text(json.dumps(found))
    compare(three, "outputs/study")
    told = {c["row"]: c["tested_on"] for c in story(three)["cross_data"] if not c["own"]}
    assert told == {"resnet18": "ckplus, test (aaaaaa)", "resnet34": "ckplus, test (bbbbbb)"}


def test_without_an_account_what_wandb_would_get_is_written(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb_workspaces")
    monkeypatch.setenv("WANDB_MODE", "offline")
    study = three / "outputs/study"
    for name in ("resnet18-faces-aaaa", "resnet50-faces-cccc"):
        run = RunFolder(study / name)
        run.create(run.settings | {"logger": {**LOGGER, "mode": "offline"}}, **run.status)
    told = compare(three, "outputs/study", "target=wandb")
    assert told.status == 0, told.err
    assert "WANDB_MODE=offline; what would be sent is in told/wandb_workspace.json" in told.out
    sent = json.loads(text(three, "wandb_workspace.json"))
    assert (sent["entity"], sent["project"]) == ("lab", "faces")
    section = sent["spec"]["section"]
    panels = [p for s in section["panelBankConfig"]["sections"] for p in s["panels"]]
    assert {"validation/accuracy"} in [set(p["config"].get("metrics") or []) for p in panels]
    (coordinates,) = [p for p in panels if p["viewType"] == "Parallel Coordinates Plot"]
    told_keys = [column["accessor"] for column in coordinates["config"]["columns"]]
    assert "config:model.value.frozen_stages" in told_keys
    assert "config:protocol.value.name" in told_keys
    assert "summary:test/accuracy" in told_keys
    flow = {
        s["name"]: s["flowConfig"]["columnsPerPage"] for s in section["panelBankConfig"]["sections"]
    }
    assert flow["Depth, freezing and split"] == 1
    assert ["figures/confusion_matrix"] in [p["config"].get("mediaKeys") for p in panels]
    runs = json.dumps(section["runSets"][0]["filters"])
    assert "resnet18-faces-aaaa-abc123" in runs
    assert "resnet34-faces-bbbb-abc123" not in runs  # W&B never had it


def test_runs_that_were_never_sent_to_wandb_are_listed_to_sync(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb_workspaces")
    import wandb

    class Nobody:  # stands for the service: knows no project
        default_entity = "lab"

        def runs(self, place: str, **_: Any) -> list[Any]:
            raise ValueError(f"could not find {place}")

    monkeypatch.setattr(wandb, "Api", Nobody)
    monkeypatch.setattr("fer.comparing.workspace._offline", lambda: None)
    run = RunFolder(three / "outputs/study/resnet18-faces-aaaa")
    run.create(run.settings | {"logger": {**LOGGER, "mode": "offline"}}, **run.status)
    lies = run.path / "wandb/offline-run-20260101_000000-resnet18-faces-aaaa-abc123"
    lies.mkdir(parents=True)
    told = compare(three, "outputs/study", "target=wandb")
    assert told.status == 1
    assert "wandb sync " in told.err
    assert lies.name in told.err
    assert (three / "told/wandb_workspace.json").exists()


def test_runs_that_wandb_never_had_cannot_be_shown_there(three: Path) -> None:
    pytest.importorskip("wandb_workspaces")
    told = compare(three, "outputs/study", "target=wandb")
    assert told.status == 1
    assert "W&B recorded none of these runs (logger.mode=disabled)" in told.err


def test_the_mean_interval_over_seeds_is_of_the_mean(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for seed in range(2):
        make_run(tmp_path / f"runs/{seed}", rng.random(N) < 0.6, settings=settings_of(seed=seed))
    compare(tmp_path, "runs")
    row = rows(tmp_path)["resnet18"]
    low, high = float(row["test/accuracy_low"]), float(row["test/accuracy_high"])
    assert low < float(row["test/accuracy"]) < high
    assert high - low < 2 * 1.96 * (0.24 / N) ** 0.5  # narrower than that of one run

"""`fer.compare` on run folders as trainings leave them: what the page says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fer.config import plain
from fer.runs.folder import RunFolder
from tests.builders_runs import N, make_run, settings_of
from tests.end_to_end.comparisons import compare, rows, story, text


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


def test_paths_globs_and_settings_stand_side_by_side(three: Path) -> None:
    odd = three / "it's a=b, [x]"
    make_run(odd / "cnn1-faces-dddd", 120, settings=settings_of("cnn1"))
    told = compare(three, "outputs/study/resnet[13]*", f"{odd.name}", "baseline=cnn1")
    assert told.status == 0, told.err
    assert set(rows(three)) == {"resnet18", "resnet34", "cnn1"}
    assert rows(three)["cnn1"]["tags"] == "baseline front"


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


def test_many_settings_of_a_row_wait_to_be_unfolded(three: Path) -> None:
    run = RunFolder(three / "outputs/study/resnet50-faces-cccc")
    several = {f"setting{k}": k for k in range(9)}
    for other in (three / "outputs/study").iterdir():
        usual = plain(RunFolder(other).config)
        usual["augment"] = dict.fromkeys(several, -1)
        RunFolder(other).create(usual, **RunFolder(other).status)
    run.create(plain(run.config) | {"augment": several}, **run.status)
    compare(three, "outputs/study")
    assert "<code>setting4=4</code><details><summary>4 more</summary>" in text(three)
    assert "setting0=0; setting1=1; setting2=2; setting3=3; setting4=4; 4 more |" in text(
        three, "comparison.md"
    )


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


def test_the_page_needs_nothing_from_elsewhere(three: Path) -> None:
    compare(three, "outputs/study")
    page = text(three)
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert 'href="../outputs/study/resnet18-faces-aaaa/"' in page

"""What differs between rows, and the names that come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fer.comparing.settings import deviating, differing, row_names


def row(model: str = "cnn1", **settings: Any) -> dict[str, Any]:
    return {"model.name": model, "seed": 0, "paths.outputs": "x", "protocol.fold": 0, **settings}


def folders(count: int) -> list[Path]:
    return [Path(f"study/cnn1-faces-{k:04d}") for k in range(count)]


def test_places_seeds_and_folds_make_no_difference_but_their_number_does() -> None:
    one = row(**{"protocol.folds": 5, "optimizer.lr": 0.1})
    other = one | {"seed": 1, "paths.outputs": "y", "protocol.fold": 3, "logger.mode": "online"}
    assert differing([one, other]) == []
    assert differing([one, other | {"protocol.folds": 10}]) == ["protocol.folds"]


def test_what_decides_no_result_makes_no_difference_but_what_a_reader_must_see_does() -> None:
    one = row(**{"trainer.checkpoint_steps": None, "data.on_device": False, "sure_accuracy": 0.9})
    other = one | {"trainer.checkpoint_steps": 50, "data.on_device": True, "sure_accuracy": 0.95}
    assert differing([one, other | {"logger.mode": "online"}]) == []
    for key in ("trainer.max_epochs", "model.members", "distillation.teacher", "pseudo.run"):
        assert differing([one | {key: "a"}, one | {key: "b"}]) == [key]
    for key in ("data.exclude", "data.faces.detector_model"):
        files = [one | {key: path} for path in ("/here/a.txt", "/there/a.txt", "/here/b.txt")]
        assert differing(files[:2]) == []
        assert differing(files) == [key]


def test_a_setting_that_only_some_have_is_no_difference() -> None:
    assert differing([row(), row("cnn2", **{"model.dropout": 0.5})]) == ["model.name"]


def test_a_name_has_only_what_tells_its_row_from_the_others() -> None:
    grid = [row(**{"loss.name": a, "optimizer.lr": b}) for a in ("ce", "focal") for b in (0.1, 0.2)]
    found = row_names(
        [*grid, row("cnn2"), row(**{"loss.name": "ce", "optimizer.lr": 0.3})], folders(6)
    )
    assert found == [
        "cnn1, loss=ce, lr=0.1",
        "cnn1, loss=ce, lr=0.2",
        "cnn1, loss=focal, lr=0.1",
        "cnn1, loss=focal, lr=0.2",
        "cnn2",
        "cnn1, lr=0.3",
    ]


def test_how_long_and_on_how_few_images_is_told_wherever_it_differs() -> None:
    epochs, few = "trainer.max_epochs", "data.images_per_class"
    rows = [
        row(**{"optimizer.lr": 0.1, epochs: 5, few: None}),
        row(**{"optimizer.lr": 0.2, epochs: 5, few: None}),
        row(**{"optimizer.lr": 0.3, epochs: 25, few: 300}),
        row("cnn2", **{epochs: 8, few: None}),
    ]
    assert row_names(rows, folders(4)) == [
        "cnn1, lr=0.1, max_epochs=5",
        "cnn1, lr=0.2, max_epochs=5",
        "cnn1, max_epochs=25, images_per_class=300",
        "cnn2",
    ]
    rows[1][few] = 300
    assert row_names(rows[:2], folders(2)) == ["cnn1", "cnn1, images_per_class=300"]


def test_a_choice_by_name_says_more_than_what_comes_with_it() -> None:
    rows = [row(**{"data.size": 48, "data.name": "a"}), row(**{"data.size": 120, "data.name": "b"})]
    assert row_names(rows, folders(2)) == ["cnn1, data=a", "cnn1, data=b"]


def test_of_a_path_a_name_has_the_last_part() -> None:
    rows = [row(**{"data.exclude": "/far/away/false.txt"}), row(**{"data.exclude": None})]
    assert row_names(rows, folders(2)) == ["cnn1, exclude=false.txt", "cnn1, exclude=null"]


def test_what_fewest_rows_share_comes_first() -> None:
    common = {"model.dropout": 0.0, "optimizer.lr": 0.1}
    changed = [row(**common | {"model.dropout": 0.5}) for _ in range(2)]
    rows = [*(row(**common) for _ in range(5)), *changed]
    rows[-1]["optimizer.lr"] = 0.3
    assert list(deviating(rows)[-1]) == ["optimizer.lr", "model.dropout"]


def test_equal_rows_are_told_apart_by_their_folders() -> None:
    assert row_names([row(), row()], folders(2)) == ["cnn1 (0000)", "cnn1 (0001)"]


def test_a_row_tells_all_that_it_sets_unlike_most() -> None:
    usual = {"data.size": 224, "protocol.images_per_class": None}
    small = {"data.size": 72, "protocol.images_per_class": 300}
    assert deviating([row(**usual), row(**usual), row(**small)]) == [{}, {}, small]


def test_a_network_is_told_once_though_several_keys_name_it() -> None:
    rows = [row(name, **{"model.backbone": f"{name}_a"}) for name in ("cnn1", "cnn1", "cnn2")]
    assert deviating(rows) == [{}, {}, {"model.name": "cnn2"}]

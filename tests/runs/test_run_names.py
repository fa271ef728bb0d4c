"""What of a configuration decides the name of its run folder."""

from __future__ import annotations

from typing import Any

from fer.runs.run_names import run_name


def settings_of(**model: Any) -> dict[str, Any]:
    return {"tag": None, "data": {"name": "faces"}, "model": {"name": "cnn1", **model}}


def test_a_setting_that_is_off_leaves_the_name_that_runs_had_before_there_was_such() -> None:
    before = run_name(settings_of(), "fingerprint")
    assert run_name(settings_of(trunk_cache=0), "fingerprint") == before
    assert run_name(settings_of(trunk_cache=4), "fingerprint") != before
    assert run_name(settings_of(dropout=0), "fingerprint") != before

"""What of a configuration decides the name of its run folder."""

from __future__ import annotations

from typing import Any

from fer.runs.run_names import configuration_checksum, run_name
from tests.composing import settings


def settings_of(**model: Any) -> dict[str, Any]:
    return {"tag": None, "data": {"name": "faces"}, "model": {"name": "cnn1", **model}}


def test_a_setting_that_is_off_leaves_the_name_that_runs_had_before_there_was_such() -> None:
    before = run_name(settings_of(), "fingerprint")
    assert run_name(settings_of(trunk_cache=0), "fingerprint") == before
    assert run_name(settings_of(trunk_cache=4), "fingerprint") != before
    assert run_name(settings_of(dropout=0), "fingerprint") != before


def test_a_checksum_is_the_same_wherever_things_lie_and_of_these_epochs() -> None:
    here = settings("data=fer2013", "data.path=/here/fer2013.zip", "paths.outputs=/here/outputs")
    there = settings("data=fer2013", "data.path=fer2013.zip", "trainer.progress=lines")
    assert configuration_checksum(here) == configuration_checksum(there)
    for other in ("trainer.max_epochs=3", "optimizer.lr=0.01", "data.size=64", "seed=1"):
        changed = settings("data=fer2013", other)
        assert configuration_checksum(changed) != configuration_checksum(here)

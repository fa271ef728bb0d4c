"""Settings that a training refuses."""

from __future__ import annotations

import pytest

from fer.checks import check_training
from fer.errors import ConfigError
from tests.composing import composed


def check_refused(overrides: str, words: str) -> None:
    """The refusal has all these words, the first of which is the key, or what was given.

    Args:
        overrides: As on the command line; blanks inside quotes belong to one.
        words: With blanks between them.
    """
    with pytest.raises(ConfigError) as refusal:
        check_training(composed(*([overrides] if "'" in overrides else overrides.split())))
    missing = [word for word in words.split() if word not in str(refusal.value)]
    assert not missing, f"{str(refusal.value)!r} lacks {missing}"

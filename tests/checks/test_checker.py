"""Settings of a wrong shape."""

from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from fer.checks.checker import Checker
from fer.errors import ConfigError


def test_a_list_where_a_group_of_settings_belongs() -> None:
    check = Checker(OmegaConf.create({"augment": [1, 2]}))
    with pytest.raises(ConfigError, match=r"augment\.flip cannot be|augment cannot be"):
        check.value("augment.flip")

"""What settings of `fer.evaluate` beyond the test itself may be."""

from __future__ import annotations

from importlib.util import find_spec

from omegaconf import OmegaConf

from fer.checks.checker import Checker
from fer.data.corruption_strengths import STRENGTHS
from fer.errors import ConfigError


def check_explanations(check: Checker) -> None:
    """Sureness, heat maps and robustness.

    Raises:
        ConfigError: One of them cannot work, or does not go with another.
    """
    check.number("sure_accuracy", above=0, high=1, null=True)
    if check.value("sure_accuracy") is not None and check.value("data") is not None:
        raise ConfigError(
            "sure_accuracy is fitted on the run's own validation part: leave data= out"
        )
    check.number("heatmaps", low=0, high=20, whole=True)
    if check.value("heatmaps") and find_spec("captum") is None:
        check.fail("heatmaps", "captum is missing: pip install captum")
    kinds = check.value("robustness")
    if OmegaConf.is_list(kinds):
        if not kinds or not set(kinds) <= set(STRENGTHS) or len(set(kinds)) < len(kinds):
            check.fail("robustness", f"a list of some of {', '.join(STRENGTHS)}, each once")
    elif not isinstance(kinds, bool):
        check.fail("robustness", f"true, false or a list of some of {', '.join(STRENGTHS)}")
    check.number("images", low=10, whole=True, null=True)
    if check.value("images") is not None and kinds is False:
        check.fail("images", "it is of robustness: use robustness=true too, or leave it null")

"""What a sweep can be over: settings that make another run."""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser

from fer.errors import ConfigError
from fer.runs.run_names import SAME_RUN


def check_swept(overrides: Sequence[str]) -> None:
    """Jobs that would be one run, in one folder, are no sweep.

    Args:
        overrides: As given on the command line, such as `trainer.threads=1,2`.

    Raises:
        ConfigError: They differ in a setting that decides no result, and no other names it.
    """
    for each in OverridesParser.create().parse_overrides(list(overrides)):
        key = each.key_or_group
        same = any(key == name or key.startswith(f"{name}.") for name in SAME_RUN)
        told_apart = any(f"${{{key}}}" in other for other in overrides)
        if same and each.is_sweep_override() and not told_apart:
            raise ConfigError(
                f"{each.input_line}: jobs that differ in {key} alone are one run, in one folder; "
                f"with 'tag={key.rpartition('.')[2]}-${{{key}}}' each is a run of its own"
            )

"""Whether the settings of a run folder, which anybody may have changed, can be used again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from fer.checks.checker import Checker
from fer.checks.data import DATA_SETS, check_augmentation, check_data, check_protocol
from fer.checks.fitting import PRECISIONS
from fer.errors import ConfigError, RunError
from fer.extending.plugins import named
from fer.runs.folder import RunFolder

_USED = ("data", "augment", "test_time", "protocol", "trainer")
"""Groups that tests of a run use; its network is made of what its checkpoint says."""


class StoredChecker(Checker):
    """Lets pass what is not there: keys that came after the run."""

    def fail(self, key: str, allowed: str) -> None:
        """Refuses the value under `key`, if there is one."""
        *groups, leaf = key.split(".")
        node = OmegaConf.select(self.cfg, ".".join(groups)) if groups else self.cfg
        if isinstance(node, DictConfig) and leaf in node:
            super().fail(key, allowed)


def own_data(run: RunFolder, moved_to: str | None) -> dict[str, Any]:
    """A run's settings of its data, with where that lies now.

    Args:
        run: The run.
        moved_to: `data_path`: where the data lies, if not where it was.

    Raises:
        RunError: Nothing is there.
    """
    data: dict[str, Any] = run.settings["data"]
    path = moved_to or data.get("path")
    if path is not None and not Path(path).expanduser().exists():
        if moved_to:
            raise RunError(f"data_path={moved_to} does not exist: it is where the run's data lies")
        raise RunError(
            f"the data that {run.path} was trained on is no longer at {path}: say where it is "
            "with data_path=..."
        )
    return data if path is None else {**data, "path": path}


def check_stored(run: RunFolder) -> None:
    """Refuses data, augmentation, protocol and precision that no training would have taken.

    Raises:
        RunError: The configuration cannot be read, or has such a value; names the key.
    """
    config = run.config
    check = StoredChecker(config)
    try:
        for key in _USED:
            if not isinstance(config.get(key), DictConfig):
                raise ConfigError(f"{key} is no group of settings")
        check.word("data.name")
        if named() or config.data.get("name") in DATA_SETS:  # another is a plugin's, not named
            check_data(check)
        check_augmentation(check)
        check_protocol(check)
        check.flag("test_time.flip")
        check.choice("test_time.crops", (1, 5, 10))
        check.choice("trainer.precision", PRECISIONS)
        check.number("trainer.threads", low=1, whole=True, null=True)
    except (ConfigError, TypeError, ValueError, LookupError, OmegaConfBaseException) as error:
        told = error if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}"
        path = run.path / "config.yaml"
        raise RunError(f"{path} is damaged: {' '.join(str(told).split())}; restore it") from None

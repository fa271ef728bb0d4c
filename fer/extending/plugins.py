"""Packages of a user's own: data sets, architectures and metrics from outside of fer.

They are named by the setting `plugins`, on the command line or in `conf/local/default.yaml`. No run
folder has it among its settings: what a run folder says never decides what is imported.
"""

from __future__ import annotations

import importlib
import re
import traceback
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import ListConfig, OmegaConf

from fer.errors import ConfigError, FerError

_named: tuple[str, ...] = ()


def use(packages: Any) -> None:
    """Names the packages of this process; they are imported once something of theirs is needed.

    Args:
        packages: Names of packages or modules that can be imported, or one name.

    Raises:
        ConfigError: There is none of that name.
    """
    global _named
    several = isinstance(packages, (list, tuple, ListConfig))
    names: list[Any] = list(packages) if several else [packages] if packages is not None else []
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or find_spec(name) is None:
            raise ConfigError(
                f"plugins={name} cannot be: there is no package {name} in this folder or among "
                "those installed; install it, or name the folder that holds it in PYTHONPATH"
            )
    _named = tuple(dict.fromkeys(names))


def named() -> tuple[str, ...]:
    """The packages of this process."""
    return _named


def load() -> None:
    """Imports the packages that are named, which register what they bring.

    Raises:
        ConfigError: One cannot be imported; the message names the line that failed.
    """
    for name in _named:
        try:
            importlib.import_module(name)
        except FerError:
            raise
        except Exception as error:  # whatever the package's own code raises
            *_, last = traceback.extract_tb(error.__traceback__)
            raise ConfigError(
                f"plugins={name} cannot be imported: {type(error).__name__}: {error} "
                f"({last.filename}, line {last.lineno})"
            ) from error


def folders() -> list[Path]:
    """The folders `conf/` of the packages that are named and have one."""
    specs = [find_spec(name) for name in _named]
    places = [place for spec in specs if spec for place in spec.submodule_search_locations or ()]
    return [folder for folder in (Path(place, "conf") for place in places) if folder.is_dir()]


def source_files(name: str) -> list[Path]:
    """The Python files of a package or module that is not imported for it, in order."""
    spec = find_spec(name)
    if spec is None:
        return []
    places = list(spec.submodule_search_locations or ())
    if not places:
        return [Path(spec.origin)] if spec.origin else []
    return sorted(file for place in places for file in Path(place).rglob("*.py"))


def asked_for(arguments: Sequence[str], defaults: Path) -> Any:
    """What a command line or, where it does not say, a user's own defaults name as `plugins`.

    Hydra must know before it composes: their choices are among those of the command line.

    Args:
        arguments: The words of the command line.
        defaults: The user's `conf/local/default.yaml`, which need not be there.

    Returns:
        What `use` takes.

    Examples:
        >>> asked_for(["seed=1", "plugins=[my_faces,others]"], Path("none.yaml"))
        ['my_faces', 'others']
    """
    given = [word.partition("=")[2] for word in arguments if word.startswith("plugins=")]
    if given:
        return re.findall(r"[^\s,'\"\[\]]+", given[-1])
    try:
        own: Any = OmegaConf.load(defaults) if defaults.is_file() else OmegaConf.create()
        return OmegaConf.select(own, "plugins")
    except Exception:  # Hydra tells what is wrong with that file
        return None

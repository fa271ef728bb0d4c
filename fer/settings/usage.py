"""What `--help` says: the command's own file of settings, whose comments say what each is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path


def usage(conf: Path, name: str) -> str:
    """The settings of a command with their comments, without what Hydra alone needs.

    Args:
        conf: The folder of the configurations.
        name: The command's configuration in it, such as compare.
    """
    text = (conf / f"{name}.yaml").read_text(encoding="utf-8")
    defaults = re.search(r"^defaults:\n(?:[ #].*\n)*", text, re.MULTILINE)
    assert defaults is not None
    parts = [text.replace(defaults[0], "").strip()]
    for group, comment in re.findall(r"^  - (\w+): null(  #.*)?$", defaults[0], re.MULTILINE):
        choices = offered(path.stem for path in (conf / group).glob("*.yaml"))
        parts.append(f"{group}: null{comment}\n# {choices}")
    shared = [each for each in ("paths", "extending", "margins") if f"  - {each}\n" in defaults[0]]
    for each in shared:
        parts.append((conf / f"{each}.yaml").read_text(encoding="utf-8").strip())
    return "\n\n".join(parts).replace("# @package _global_\n", "")


def offered(names: Iterable[str]) -> str:
    """What a group offers: its files but those that only others build on."""
    return ", ".join(name for name in sorted(names) if not name.startswith("base"))


def offered_choices() -> str:
    """All groups and what they offer, those of a plugin among them, for `fer.train --help`."""
    from hydra.core.global_hydra import GlobalHydra
    from hydra.core.object_type import ObjectType

    loader = GlobalHydra.instance().config_loader()
    groups = {
        group: offered(loader.get_group_options(group, ObjectType.CONFIG))
        for group in sorted(loader.list_groups(""))
        if group != "hydra"
    }
    return "\n".join(f"{group}: {choices}" for group, choices in groups.items() if choices)

"""What `--help` says: the command's own file of settings, whose comments say what each is."""

from __future__ import annotations

import re
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
        choices = sorted(path.stem for path in (conf / group).glob("*.yaml"))
        offered = ", ".join(each for each in choices if not each.startswith("base"))
        parts.append(f"{group}: null{comment}\n# {offered}")
    shared = [each for each in ("paths", "extending", "margins") if f"  - {each}\n" in defaults[0]]
    for each in shared:
        parts.append((conf / f"{each}.yaml").read_text(encoding="utf-8").strip())
    return "\n\n".join(parts).replace("# @package _global_\n", "")

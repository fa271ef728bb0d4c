"""What Hydra could not compose, told with the nearest setting or choice."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from fer.settings.launchers import missing_launcher


def refused_addition(argument: str, conf: Path, name: str) -> str:
    """What to say of `+key=value`, with which Hydra would take any key, misspelt ones too."""
    key = argument.lstrip("+").partition("=")[0]
    if key in settings(conf, name):
        return f"{argument}: {key} is a setting already, give it without the +"
    return f"{argument}: settings can be changed, not added; {nearest_setting(key, conf, name)}"


def explain(error: Exception, conf: Path, name: str) -> str:
    """An error of Hydra's in one message.

    Args:
        error: What Hydra raised while it composed the command's settings.
        conf: The folder of the configurations.
        name: The command's configuration in it, such as train.
    """
    missing, options = getattr(error, "missing_cfg_file", None), getattr(error, "options", None)
    if told := missing_launcher(str(missing)):
        return told
    if missing and options:
        group, _, option = str(missing).rpartition("/")
        choices = [each for each in options if not each.startswith("base")]
        return f"{group}={option}: {close(option, choices)}{group} is one of {', '.join(choices)}"
    unknown = re.search(r"Could not (?:override|delete from config\.?) '([^'=]+)", str(error))
    if unknown:
        return nearest_setting(unknown.group(1), conf, name)
    told = " ".join(str(error).split()).partition(" See https://")[0]
    if several := re.search(r"Ambiguous value for argument '([^=]+)=(.*?)'", told):
        key, value = several.groups()
        one_list = "" if (conf / key).is_dir() else f", {key}=[{value}] is one list"
        return f"{key}={value}: -m tries each of several values{one_list}"
    word = getattr(error, "override", None)  # what Hydra's grammar could not read
    if word and "=" not in word:
        groups = [each.parent.name for each in conf.glob("*/*.yaml") if each.stem == word]
        if not groups and is_there(word):
            groups = [key for key in ("source", "run") if key in settings(conf, name)]
        meant = "".join(f"; is {group}={word} meant?" for group in groups[:1])
        return f"{word}: settings are given as key=value{meant}"
    return f"{told}; quote what the shell would take apart, as in 'key={{a: 1}}'"


def is_there(word: str) -> bool:
    """Whether a word of the command line is the name of a file or folder."""
    try:
        return Path(word).expanduser().exists()
    except (OSError, RuntimeError):  # too long for a name, or of a user who is not there
        return False


def nearest_setting(key: str, conf: Path, name: str) -> str:
    """That there is no such setting, and which one may be meant."""
    keys = settings(conf, name)
    group, _, leaf = key.rpartition(".")
    told = f"there is no setting {key}; "
    if group and (told_by_group := owners(conf / group, leaf)):
        return f"{told}{told_by_group}"
    same_leaf = [each for each in keys if each.rpartition(".")[2] == leaf]
    meant = same_leaf[:1] or get_close_matches(key, keys, n=1)
    if not meant:
        leaves = {each.rpartition(".")[2]: each for each in keys}
        meant = [leaves[each] for each in get_close_matches(leaf, leaves, n=1, cutoff=0.8)]
    if meant:
        return f"{told}is {meant[0]} meant?"
    return f"{told}python -m fer.{name} --help lists all of what is chosen"


def settings(conf: Path, name: str) -> list[str]:
    """Every key of the command's settings, dotted, as the command line's choices compose them."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException

    choices = [a for a in sys.argv[1:] if re.fullmatch(r"[a-z]+=[a-z0-9_]+", a)]
    wanted = [a for a in choices if (conf / a.replace("=", "/")).with_suffix(".yaml").is_file()]
    GlobalHydra.instance().clear()
    with initialize_config_dir(config_dir=str(conf), version_base="1.3"):
        try:
            composed = compose(name, overrides=wanted)
        except HydraException:
            composed = compose(name)
    return list(dotted(OmegaConf.to_container(composed)))


def dotted(node: Any, before: str = "") -> Iterator[str]:
    """The keys of nested dictionaries, outer ones first, as `outer.inner`."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{before}{key}"
            yield from dotted(value, f"{before}{key}.")


def close(word: str, choices: Sequence[str]) -> str:
    """A question after the likeliest choice, or nothing."""
    meant = get_close_matches(word, choices, n=1)
    return f"is {meant[0]} meant? " if meant else ""


def owners(group: Path, key: str) -> str:
    """Which choices of a group bring the key, or if these are many, which do not; else nothing."""
    choices = [path for path in sorted(group.glob("*.yaml")) if not path.stem.startswith("base")]
    having = [path.stem for path in choices if has(path, key)]
    without = [path.stem for path in choices if path.stem not in having]
    if not having:
        return ""
    if not without:
        return f"it belongs to every {group.name}: choose one first, as {group.name}={having[0]}"
    if len(having) <= max(6, len(without)):
        return f"it belongs to {group.name}={' or '.join(having)}"
    return f"every {group.name} has it but {', '.join(without)}"


def has(path: Path, key: str) -> bool:
    """Whether this choice of a group brings the key, itself or by what it is based on."""
    choice = OmegaConf.load(path)
    if not isinstance(choice, DictConfig):
        return False
    bases = [path.with_name(f"{name}.yaml") for name in choice.get("defaults", [])]
    return key in choice or any(has(base, key) for base in bases if base.is_file())

"""What keeps the rooms apart, the settings alive and the functions described."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from fer.config import CONF

FER = Path(__file__).resolve().parents[1] / "fer"
FILES = {
    ".".join(path.relative_to(FER.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(FER.rglob("*.py"))
}
"""Name of a module to its file."""

COMMANDS = {path.stem for path in CONF.glob("*.yaml")} & {path.stem for path in FER.glob("*.py")}
LOW = ("data", "models", "detection", "evaluation", "runs", "extending", "processes")
"""The rooms that stand on nothing but each other and on files that stand on nothing."""

OF_HYDRA = {"output_subdir", "job.chdir", "help.footer"}
"""Keys that Hydra reads itself."""


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


def room(module: str) -> str:
    """The folder in fer/ that holds a module, or the module's own name where it is in none."""
    return module.split(".")[1] if "." in module else "fer"


def imports(module: str) -> Iterator[str]:
    """The modules of fer that a module imports, anywhere in it."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in FILES)
        elif isinstance(node, ast.ImportFrom) and node.module in FILES:
            for each in node.names:
                inner = f"{node.module}.{each.name}"
                yield inner if inner in FILES else str(node.module)


@pytest.fixture(scope="module")
def beneath() -> dict[str, set[str]]:
    """Room to the rooms that it imports; the package itself, which lends its version, is none."""
    found: dict[str, set[str]] = {room(module): set() for module in FILES if module != "fer"}
    for module in FILES:
        if module != "fer":
            found[room(module)] |= {room(other) for other in imports(module)} - {"fer"}
    return {one: others - {one} for one, others in found.items()}


def test_imports_point_downwards(beneath: dict[str, set[str]]) -> None:
    left = beneath
    while ends := {
        one
        for one, others in left.items()
        if not others & set(left) or not any(one in each for each in left.values())
    }:  # nothing is beneath it, or nothing above
        left = {one: others - ends for one, others in left.items() if one not in ends}
    circle = {one: sorted(others & set(left)) for one, others in left.items()}
    assert not circle, f"these import each other in a circle: {circle}"


def test_data_and_models_never_meet(beneath: dict[str, set[str]]) -> None:
    assert "models" not in beneath["data"] and "data" not in beneath["models"]
    assert beneath["detection"] <= {"errors"}


def test_the_lower_rooms_stand_on_files_that_stand_on_no_room(
    beneath: dict[str, set[str]],
) -> None:
    folders = {path.name for path in FER.iterdir() if path.is_dir()}
    for low in LOW:
        higher = beneath[low] & folders - set(LOW)
        assert not higher, f"{low} imports {sorted(higher)}"
        for file in beneath[low] - folders:
            assert not beneath[file] & folders, f"{low} imports {file}, which imports a room"


def test_the_top_holds_commands_and_what_several_rooms_stand_on(
    beneath: dict[str, set[str]],
) -> None:
    files = {path.stem for path in FER.glob("[!_]*.py")} - COMMANDS
    users = {file: [one for one, others in beneath.items() if file in others] for file in files}
    alone = {file: using for file, using in users.items() if len(using) < 2}
    assert not alone, f"these belong into the room that uses them: {alone}"


def test_nobody_imports_a_command(beneath: dict[str, set[str]]) -> None:
    for one, others in beneath.items():
        assert not others & COMMANDS, f"{one} imports a command"


def keys(node: Any, before: str = "") -> Iterator[str]:
    """The dotted keys of nested settings."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield f"{before}{key}"
            yield from keys(value, f"{before}{key}.")


def settings() -> dict[str, str]:
    """Every dotted key of conf/ to a file that has it; experiments set what others have."""
    found: dict[str, str] = {}
    for path in sorted(CONF.rglob("*.yaml")):
        group, *file = path.relative_to(CONF).parts
        if group in ("experiment", "local", "hydra"):
            continue
        content: Any = OmegaConf.to_container(OmegaConf.load(path))
        own = {key: value for key, value in content.items() if key not in ("defaults", "hydra")}
        whole = "@package" in path.read_text(encoding="utf-8").partition("\n")[0]
        found |= dict.fromkeys(keys(own, f"{group}." if file and not whole else ""), str(path))
    return found


def words() -> tuple[set[str], set[str]]:
    """Names that fer's code reads by, and its texts that look like dotted keys."""
    names, dotted = set(), set()
    for module in FILES:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute):
                names.add(node.attr)
            elif isinstance(node, ast.arg):
                names.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                if re.fullmatch(r"[\w.{}]+", node.value):
                    names |= set(node.value.split("."))
                if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", node.value):
                    dotted.add(node.value)
    return names, dotted


def test_every_setting_is_read() -> None:
    names, _ = words()
    unread = {
        key: path
        for key, path in settings().items()
        if key not in OF_HYDRA and key.rpartition(".")[2] not in names
    }
    assert not unread


def test_every_setting_that_is_read_is_there() -> None:
    there = set(settings())
    groups = {path.name for path in CONF.iterdir() if path.is_dir()} & {
        key.partition(".")[0] for key in there
    }
    _, dotted = words()
    files = {f"{path.stem}{path.suffix}" for path in FER.rglob("*.*")}
    read = {key for key in dotted - files if key.partition(".")[0] in groups}
    assert len(read) > 50
    assert read <= there


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """The public functions of every module: name and definition."""
    for module in FILES:
        for node in tree(module).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{module}.{node.name}", node


def raised(function: ast.FunctionDef) -> set[str]:
    """Names of the errors for a user that a function raises and does not catch itself."""
    caught = {
        inner
        for node in ast.walk(function)
        if isinstance(node, ast.Try)
        for part in node.body
        for inner in ast.walk(part)
    }
    calls = [
        node.exc
        for node in ast.walk(function)
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node not in caught
    ]
    names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    return names & {"ConfigError", "DataError", "RunError", "FerError"}


def test_public_functions_are_described() -> None:
    lacking = []
    for name, function in functions():
        told = ast.get_docstring(function) or ""
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        if len(arguments) > 3 and "Args:" not in told:
            lacking.append(f"{name}: what its {len(arguments)} arguments are (Args:)")
        if raised(function) and "Raises:" not in told:
            lacking.append(f"{name}: when it fails (Raises:)")
        gives = ast.unparse(function.returns) if function.returns else ""
        module = ast.get_docstring(tree(name.rpartition(".")[0])) or ""
        if re.fullmatch(r"Tensor|NDArray\[.*\]", gives) and "[" not in told + module:
            lacking.append(f"{name}: the shape of what it gives, such as `[N, K]`")
    assert not lacking, "\n".join(lacking)


def test_examples_are_under_the_heading_that_the_documentation_knows() -> None:
    for module, path in FILES.items():
        assert not re.search(r"^ *Example:$", path.read_text("utf-8"), re.M), f"{module}: Examples:"

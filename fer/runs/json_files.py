"""JSON files of run folders, read so that what is wrong with one is told with its name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from fer.errors import RunError

MOST = 2**63 - 1
"""Of whole numbers: larger ones, which JSON has, are none to floating point and arrays."""

_FIGURES = ("metrics", "intervals", "per_class", "copies", "average_precision")


def _number(value: Any) -> bool:
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    return fits and not (isinstance(value, int) and abs(value) > MOST)


def _figure(value: Any) -> bool:
    return value is None or _number(value)


def _figures(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_figure, value.values()))


def _intervals(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(ends, list) and len(ends) == 2 and all(map(_figure, ends))
        for ends in value.values()
    )


def _class_rows(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict) and all(_figure(row[key]) for key in row if key != "class")
        for row in value
    )


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _copies(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _figure(figure) for key, figure in value.items() if key != "interval_without"
    )


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _group(value: Any) -> bool:
    return isinstance(value, dict)


def _reports(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(report, dict)
        and _figures(report.get("metrics", {}))
        and _intervals(report.get("intervals", {}))
        and _class_rows(report.get("per_class", []))
        for report in value.values()
    )


_KINDS: dict[str, Callable[[Any], bool]] = {
    "n": _number,
    "epoch": _figure,
    "protocol": _group,
    "notes": _words,
    "cautions": _words,
    "classes": _words,
    "metrics": _figures,
    "intervals": _intervals,
    "per_class": _class_rows,
    "pooled": _reports,
    "missing": _group,
    "copies": _copies,
    "milliseconds_per_face": _figure,
    "counts": _figures,
    "parameters": _figure,
    "trained_parameters": _figure,
    "test_looks": _list,
}
"""What must be under these names in `metrics.json` and `status.json`, where they are there."""


class Told(dict[str, Any]):
    """What a JSON file holds; to ask for what it lacks is a RunError that names the file.

    Args:
        content: Of the file.
        path: The file; a copy, as `dataclasses.asdict` makes it of pairs, has forgotten it.
        above: Keys that lead to this object in the file, each followed by a dot.
    """

    def __init__(
        self,
        content: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        path: Path | None = None,
        above: str = "",
    ) -> None:
        self._path, self._above = path, above
        super().__init__(
            {
                key: Told(value, path, f"{above}{key}.") if isinstance(value, dict) else value
                for key, value in dict(content).items()
            }
        )

    def __missing__(self, key: str) -> Any:
        raise RunError(f"{self._path or 'the run'} lacks {self._above}{key}: restore it")


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no JSON, lies too deep in itself, or has text that cannot be written.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("too deep") from None
    return content


def read_object(path: Path) -> Told:
    """The JSON object in a file of a run folder.

    Raises:
        RunError: The file cannot be read, holds something else, or holds it under a wrong name.
    """
    try:
        content = read_json(path)
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read ({type(error).__name__}): restore it") from None
    if not isinstance(content, dict):
        raise RunError(f"{path} is damaged: it holds no JSON object; restore it")
    for key, fits in _KINDS.items():
        if key in content and not fits(content[key]):
            raise RunError(f"{path} is damaged: {key} is not what it must be; restore it")
    return Told(content, path)


def read_results(path: Path) -> dict[str, Any]:
    """The figures of a run or of a group, with NaN where one is undefined.

    Raises:
        RunError: The file is missing or damaged.
    """
    if not path.is_file():
        raise RunError(f"{path} is missing: the run is not finished")
    results = read_object(path)
    return Told({key: _numbers(v) if key in _FIGURES else v for key, v in results.items()}, path)


def _numbers(value: Any) -> Any:
    """The same, with NaN for null, which stands for it in JSON."""
    if isinstance(value, dict):
        return {key: _numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    return math.nan if value is None else value

"""W&B's offline file, read back: LevelDB's log format around protobuf records."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, FILE_HEAD, RECORD_HEAD = 32 * 1024, 7, 7
PATIENCE = 20.0
"""Seconds: `wandb.finish` returns before W&B's own process has written the file's end."""
FULL, LAST = 1, 4


@dataclass
class WandbRun:
    """What one process told W&B."""

    id: str = ""
    name: str = ""
    notes: str = ""
    project: str = ""
    group: str = ""
    tags: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    artifacts: list[Any] = field(default_factory=list)
    exit_code: int | None = None


def wandb_files(run_folder: Path) -> list[Path]:
    """The offline files of a run folder, oldest first."""
    return sorted(run_folder.glob("wandb/offline-run-*/*.wandb"))


def read_wandb(path: Path, ended: bool = True) -> WandbRun:
    """Reads a file; of a process that ended, once its last record is there."""
    until = time.monotonic() + PATIENCE
    while (run := _read(path)).exit_code is None and ended and time.monotonic() < until:
        time.sleep(0.02)
    return run


def _read(path: Path) -> WandbRun:
    run = WandbRun()
    for record in _records(path):
        kind = record.WhichOneof("record_type")
        content = getattr(record, kind) if kind else None
        if kind == "run":
            run.id, run.name, run.group = content.run_id, content.display_name, content.run_group
            run.project, run.tags = content.project, list(content.tags)
            run.notes = content.notes
            run.config.update(_items(content.config.update))
        elif kind == "config":
            run.config.update(_items(content.update))
        elif kind == "history":
            run.history.append(_items(content.item) | {"_step": content.step.num})
        elif kind == "summary":
            run.summary.update(_items(content.update))
        elif kind == "files":
            run.files.extend(item.path for item in content.files)
        elif kind == "artifact":
            run.artifacts.append(content)
        elif kind == "exit":
            run.exit_code = content.exit_code
    return run


def _items(items: Any) -> dict[str, Any]:
    return {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items}


def _records(path: Path) -> Iterator[Record]:
    """Whole records; what a kill cut off at the end is left out, as W&B does."""
    content, at, parts = path.read_bytes(), FILE_HEAD, b""
    while at + RECORD_HEAD <= len(content):
        if BLOCK - at % BLOCK < RECORD_HEAD:
            at += BLOCK - at % BLOCK
            continue
        _, length, kind = struct.unpack_from("<IHB", content, at)
        if kind == 0:  # the rest of a block that was never filled
            at += BLOCK - at % BLOCK
            continue
        part = content[at + RECORD_HEAD : at + RECORD_HEAD + length]
        parts, at = parts + part, at + RECORD_HEAD + length
        if kind in (FULL, LAST) and len(part) == length:
            record = Record()
            record.ParseFromString(parts)
            parts = b""
            yield record

"""Checkpoints: written aside and renamed, opened without running code."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from torch import Tensor

from fer.errors import RunError
from fer.models.tensor_files import load_tensors
from fer.runs.folder import RunFolder
from fer.writing import kept_aside

ZIP = b"PK\x03\x04"
"""With which a zip archive begins."""


class SafeCheckpointIO(TorchCheckpointIO):
    """Lightning's way to write checkpoints, such that a good one is never lost to a bad one."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Writes beside `path`, then renames.

        Raises:
            RunError: The disk is full or refuses; what was at `path` is still there.
        """
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with kept_aside(Path(path)) as file:
            file.write(buffer.getbuffer())


def copy_checkpoint(source: Path, path: Path) -> None:
    """Writes a checkpoint that is there already once more, many times faster than anew.

    Raises:
        RunError: The disk is full or refuses; what was at `path` is still there.
    """
    content = source.read_bytes()
    with kept_aside(path) as file:
        file.write(content)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Opens a checkpoint as tensors and plain values.

    Raises:
        DamagedCheckpointError: It is cut off, has changed on the disk or is no checkpoint.
        MissingCheckpointError: It is not there.
        RunError: It holds pickled code, which is not run.
    """
    if not path.is_file():
        raise MissingCheckpointError(f"{path} is missing: train again with restart=true")
    if _is_damaged(path):
        raise DamagedCheckpointError(
            f"{path} is cut off or damaged: restore it, or train again with restart=true"
        )
    try:
        checkpoint = load_tensors(path)
    except Exception as error:  # torch raises many kinds for a damaged file
        if "unsupported" in str(error).lower() or "not an allowed global" in str(error):
            raise RunError(
                f"{path} holds pickled code and is not opened: nothing in it was run. It is not a "
                "checkpoint of fer's; restore the real one, or train again with restart=true"
            ) from None
        raise DamagedCheckpointError(
            f"{path} is cut off or no checkpoint ({type(error).__name__}): "
            "restore it, or train again with restart=true"
        ) from None
    if not isinstance(checkpoint, dict) or not isinstance(checkpoint.get("state_dict"), dict):
        raise DamagedCheckpointError(f"{path} is no checkpoint: train again with restart=true")
    return checkpoint


def _is_damaged(path: Path) -> bool:
    """Whether a file is a part of a zip archive, as checkpoints are, or has changed since.

    Torch itself takes tensors as they lie there, whatever their checksums.
    """
    with path.open("rb") as file:
        if not ZIP.startswith(file.read(len(ZIP))):
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is not None
    except Exception:  # zipfile raises many kinds
        return True


def _read_resumable(path: Path) -> dict[str, Any]:
    """A checkpoint that says where a training was.

    Raises:
        RunError: As `read_checkpoint`, or it does not say.
    """
    checkpoint = read_checkpoint(path)
    try:
        stopped_early(checkpoint)
        where(checkpoint)
        if not isinstance(checkpoint["epoch"], int) or checkpoint["epoch"] < 0:
            raise ValueError("no number of an epoch")
    except (LookupError, TypeError, AttributeError, ValueError, RuntimeError):
        raise DamagedCheckpointError(
            f"{path} does not say where the training was: train again with restart=true"
        ) from None
    return checkpoint


class DamagedCheckpointError(RunError):
    """A checkpoint file that cannot be read to its end."""


class MissingCheckpointError(RunError):
    """A checkpoint file that is not there."""


def stopped_early(checkpoint: Mapping[str, Any]) -> bool:
    """Whether early stopping had ended the training when this checkpoint was written."""
    states = [s for s in checkpoint["callbacks"].values() if "wait_count" in s]
    return any(state["wait_count"] >= state["patience"] for state in states)


def resume_point(run: RunFolder) -> tuple[Path | None, dict[str, Any], str | None]:
    """Where an interrupted run goes on: within an epoch, after the last one, or after the best.

    Returns:
        The checkpoint's path and content, None and empty where training never came so far; and a
        sentence for the user where a damaged one was passed over.

    Raises:
        RunError: There are checkpoints but none can be used.
    """
    if not any(path.is_file() for path in (run.middle, run.last, run.best)):
        return None, {}, None
    troubles: dict[Path, RunError] = {}
    for path in (run.middle, run.last, run.best):
        if path == run.middle and not path.is_file():
            continue
        try:
            checkpoint = _read_resumable(path)
        except (DamagedCheckpointError, MissingCheckpointError) as error:
            troubles[path] = error
            continue
        if path != run.best:
            _make_sure_of_best(run, checkpoint)
        told = f"{_passed_over(troubles)}; going on from {path.name} {where(checkpoint)}"
        return path, checkpoint, told if troubles else None
    if not run.last.is_file() and not run.best.is_file():
        return None, {}, f"{_passed_over(troubles)}; starting again"
    raise next(iter(troubles.values()))


def _make_sure_of_best(run: RunFolder, checkpoint: Mapping[str, Any]) -> None:
    """Finds out now, not when the test needs it, whether `best.ckpt` is of the best epoch.

    Where the last epoch is the best one, `last.ckpt` is the same and stands in: `best.ckpt` is
    written after it, and may not be there yet.

    Args:
        run: The run folder.
        checkpoint: With which the training goes on.

    Raises:
        RunError: It cannot be read, or is of another epoch, and cannot be made again.
    """
    epoch = checkpoint["callbacks"].get("Recorder", {}).get("best_epoch")
    if epoch is None:  # there was none yet
        return
    try:
        _check_epoch(run.best, epoch)
    except (DamagedCheckpointError, MissingCheckpointError) as error:
        try:
            _check_epoch(run.last, epoch)
        except (DamagedCheckpointError, MissingCheckpointError):
            raise error from None
        copy_checkpoint(run.last, run.best)


def _check_epoch(path: Path, epoch: int) -> None:
    """Refuses a checkpoint that is not of this epoch, counted from 1.

    Raises:
        DamagedCheckpointError: It cannot be read, or is of another epoch.
        MissingCheckpointError: It is not there.
        RunError: It holds pickled code.
    """
    checkpoint = _read_resumable(path)
    if checkpoint["epoch"] + 1 != epoch:
        raise DamagedCheckpointError(
            f"{path} was written {where(checkpoint)}, but the best epoch is {epoch}: restore it, "
            "or train again with restart=true"
        )


def _passed_over(paths: Iterable[Path]) -> str:
    """Checkpoints that cannot be used."""
    return " and ".join(map(str, paths)) + " damaged or missing"


def where(checkpoint: Mapping[str, Any]) -> str:
    """The place in the training at which a checkpoint was written, in words."""
    place = "within" if within_epoch(checkpoint) else "after"
    return f"{place} epoch {checkpoint['epoch'] + 1}"


def within_epoch(checkpoint: Mapping[str, Any]) -> bool:
    """Whether a checkpoint was written before its epoch's end."""
    return checkpoint["callbacks"].get("Recorder", {}).get("middle") is not None


def check_fits(state: Mapping[str, Tensor], own: Mapping[str, Tensor], path: Path) -> None:
    """Refuses a checkpoint of another architecture.

    Raises:
        RunError: Names or shapes of the tensors differ.
    """
    differing = [
        name
        for name in {*state, *own}
        if name not in state or name not in own or _shape(state[name]) != own[name].shape
    ]
    if differing:
        raise RunError(
            f"{path} is of another architecture: {len(differing)} tensors differ, such as "
            f"{min(map(str, differing))}; restore the run's own checkpoint, or train again with "
            "restart=true"
        )


def _shape(value: Any) -> Any:
    """Of a tensor; None of anything else."""
    return value.shape if isinstance(value, Tensor) else None

"""One configuration, several runs: every fold of a protocol, several seeds, or both."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, OmegaConf

from fer.config import plain
from fer.console import say
from fer.data.data_sets import build_data
from fer.data.faces import Faces
from fer.data.overlaps import overlap_notes
from fer.data.protocols import count_folds
from fer.data.splits import Split
from fer.errors import ConfigError, FerError, RunError
from fer.evaluation.cautions import find_cautions, marked
from fer.evaluation.predictions import Predictions
from fer.evaluation.repeats import Member, pooled_folder, pooled_hash, write_group
from fer.evaluation.repeats_tables import print_group
from fer.evaluation.report import write_report
from fer.runs.folder import RunFolder
from fer.runs.group import RunGroup
from fer.runs.run_names import run_name, weights_path
from fer.training.pseudo_labels import fingerprint, pseudo_labels
from fer.training.train import make_absolute, train
from fer.writing import write_text


@dataclass(frozen=True)
class Repeat:
    """One of the runs.

    Attributes:
        fold: Which fold is tested; None where the protocol has one test part.
        seed: The run's seed.
        words: What to call it, such as `fold 2` or `fold 2, seed 1`.
    """

    fold: int | None
    seed: int
    words: str

    def settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration of this run alone: as if its fold and seed had been given."""
        own = deepcopy(dict(settings)) | {"trials": 1, "seed": self.seed}
        if self.fold is not None:
            own["protocol"]["fold"] = self.fold
        return own


def train_repeats(
    config: DictConfig, group: str | None = None, job: int = 0, wait: bool = False
) -> RunGroup:
    """Trains every fold and trial that the configuration stands for, and reports them together.

    Each is an ordinary run with a folder of its own: what is finished is not trained again, what
    was interrupted goes on. A run that fails does not end the others.

    Args:
        config: A resolved configuration with `protocol.fold=all` or `trials` above 1.
        group: W&B's group, such as the sweep's name; by default the group folder's name.
        job: Place in a sweep.
        wait: See `train`.

    Returns:
        The group, complete.

    Raises:
        ConfigError: A setting cannot work; it would not in any of the runs.
        RunError: Runs have failed; the report covers the others.
        FerError: The data cannot be used.
    """
    settings = plain(config)
    quiet = settings["trainer"]["progress"] == "none"
    make_absolute(settings)
    data = build_data(settings)
    faces = data.open(progress=not quiet)
    repeats = expand(settings, faces)
    path = _group_path(settings, fingerprint(data, pseudo_labels(settings, data)), repeats)
    say(quiet, f"group folder: {path}, {len(repeats)} runs")
    done: list[tuple[Repeat, RunFolder]] = []
    missing: dict[str, str] = {}
    for number, each in enumerate(repeats, start=1):
        say(quiet, f"\n{each.words} ({number} of {len(repeats)})")
        own = OmegaConf.create(each.settings(settings))
        try:
            run = train(own, group or path.name, job, tables=False, wait=wait)
            done.append((each, run))
            results = run.results()
            told = f"{each.words}: test accuracy {results['metrics']['accuracy']:.3f}"
            say(quiet, marked(told, find_cautions(results)))
        except (ConfigError, OSError):  # the settings or the disk: no other run would do better
            raise
        except FerError as error:
            missing[each.words] = str(error)
            print(f"error: {each.words}: {error}", file=sys.stderr, flush=True)
        except Exception as error:
            missing[each.words] = f"{type(error).__name__}: {error}"
            traceback.print_exc()
    if done:
        group_found = _report(path, settings, faces, done, missing)
        if not quiet:
            print_group(group_found.results, path.name)
            print(f"group folder: {path}")
    if missing or not done:
        told = "; ".join(f"{words}: {why}" for words, why in missing.items())
        raise RunError(
            f"{len(missing)} of {len(repeats)} runs failed ({told}); the same command trains "
            f"these again" + (f", {path} reports the others" if done else "")
        )
    return group_found


def expand(settings: Mapping[str, Any], faces: Faces) -> list[Repeat]:
    """The runs that a configuration stands for, seed by seed."""
    protocol = settings["protocol"]
    folds: Sequence[int | None] = [None]
    if protocol.get("fold") == "all":
        folds = range(count_folds(faces, protocol))
    several = settings["trials"] > 1
    found = []
    for seed in range(settings["seed"], settings["seed"] + settings["trials"]):
        for fold in folds:
            words = [f"fold {fold}"] if fold is not None else []
            words += [f"seed {seed}"] if several else []
            found.append(Repeat(fold, seed, ", ".join(words)))
    return found


def _group_path(settings: Mapping[str, Any], pictures: str, repeats: Sequence[Repeat]) -> Path:
    """`<model>-<data>-<hash>-<k>folds-<t>trials`, beside the runs' folders.

    Other runs as sources make another group: here as they are named, since what a name stands for
    may depend on fold and seed.
    """
    counts = {
        "folds": len({each.fold for each in repeats} - {None}),
        "trials": settings["trials"] if settings["trials"] > 1 else 0,
    }
    words = [f"{count}{name}" for name, count in counts.items() if count]
    chosen = settings["model"].get("members"), settings["distillation"]["teacher"]
    named = [*chosen, *filter(None, [weights_path(settings)])]
    own = {**settings, "sources": named} if any(named) else settings
    name = "-".join([run_name(own, pictures), *words])
    return Path(settings["paths"]["outputs"], settings["name"], name)


def _report(
    path: Path,
    settings: Mapping[str, Any],
    faces: Faces,
    done: Sequence[tuple[Repeat, RunFolder]],
    missing: Mapping[str, str],
) -> RunGroup:
    """Writes the group's folder: pooled predictions of each seed's folds, then all together."""
    path.mkdir(parents=True, exist_ok=True)
    write_text(path / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(dict(settings))))
    splits = [Split.load(run.split) for _, run in done]
    members = [_member(each, run) for each, run in done]
    story = {
        "data": settings["data"]["name"],
        "protocol": settings["protocol"],
        "test_time": settings["test_time"],
        "trials": settings["trials"],
        "part": splits[0].test_part,
        "test_hash": pooled_hash(split.test_hash for split in splits),
        "notes": _together(faces, splits, [split.notes for split in splits]),
        "cautions": _together(faces, splits, [split.cautions for split in splits]),
        "missing": dict(missing),
    }
    pooled = {}
    if settings["protocol"].get("fold") == "all":
        folds = len({member.fold for member in members})
        story["part"] = f"{folds} folds pooled"
        for seed in dict.fromkeys(member.seed for member in members):
            chosen = [k for k, member in enumerate(members) if member.seed == seed]
            predictions, indices = _pool([(splits[k], done[k][1]) for k in chosen])
            part = {"part": f"{len(chosen)} folds pooled", "n": len(indices), "seed": seed}
            folder = path / pooled_folder(seed, settings["trials"])
            pooled[seed] = write_report(folder, predictions, faces.images[indices], story | part)
    results = write_group(path, story, members, pooled)
    return RunGroup(path, tuple(run for _, run in done), results)


def _member(each: Repeat, run: RunFolder) -> Member:
    results = run.results()
    return Member(
        each.words,
        each.fold,
        each.seed,
        run.path.name,
        results["n"],
        results["epoch"],
        results["metrics"],
        run.rows(),
        find_cautions(results),
    )


def _pool(
    folds: Sequence[tuple[Split, RunFolder]],
) -> tuple[Predictions, np.ndarray[Any, np.dtype[np.int64]]]:
    """The folds' test predictions as one, in the data's order, and which faces they are of."""
    indices = np.concatenate([split.test for split, _ in folds])
    order = np.argsort(indices)
    said = [Predictions.load(run.test / "predictions.csv") for _, run in folds]
    together = Predictions(
        np.concatenate([each.labels for each in said])[order],
        np.concatenate([each.probabilities for each in said])[order],
        said[0].classes,
        np.concatenate([each.names for each in said])[order],
    )
    return together, indices[order]


def _together(faces: Faces, splits: Sequence[Split], told: Sequence[tuple[str, ...]]) -> list[str]:
    """What all splits tell, shares of people on both sides being those over all folds.

    Args:
        faces: All faces.
        splits: A split for each run.
        told: Their notes, or their cautions.
    """
    sides = [(np.concatenate([s.train, s.validation]), s.test) for s in splits]
    own = [
        note
        for notes, side in zip(told, sides, strict=True)
        for note in notes
        if note not in overlap_notes(faces, [side])
    ]
    return [*overlap_notes(faces, sides), *dict.fromkeys(own)]

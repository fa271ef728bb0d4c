"""A training that is killed at drawn moments and started again, beside one that is left alone."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fer.runs.folder import ANSWERED, RunFolder
from tests.end_to_end.commands import TINY, assert_same_training, only_run, runs
from tests.faults.processes import LIMIT, Cold, Training, Warm, kill, log_of, send, wait_for
from tests.wandb_records import read_wandb, wandb_files

ARGUMENTS = (
    *TINY,
    "data.train=56",
    "trainer.max_epochs=3",
    "trainer.checkpoint_steps=2",
    "model.dropout=0.2",
    "augment=strong",
)
"""Three epochs of four steps, with all that draws, and a checkpoint in the middle of each."""

KILLS_A_RUN = 8
NEVER = 1e9


@dataclass(frozen=True)
class Moment:
    """When a process is killed.

    Attributes:
        name: For tables.
        watch: A pattern below the run folder: a file there is made or written anew. Empty: the
            process begins, cold.
        wait: At most so many seconds are waited then; how many is drawn.
    """

    name: str
    watch: str
    wait: float


MOMENTS = (
    Moment("start-up", "", 8.0),
    Moment("first files", "status.json", 0.1),
    Moment("W&B begins", "wandb/*", 0.3),
    Moment("first batch", "figures/augmented_faces.png", 1.0),
    Moment("middle.ckpt is written", "checkpoints/middle.ckpt.part-*", 0.01),
    Moment("the epoch's row is there", "metrics.csv", 0.02),
    Moment("best.ckpt is written", "checkpoints/best.ckpt.part-*", 0.01),
    Moment("last.ckpt is written", "checkpoints/last.ckpt.part-*", 0.01),
    Moment("between epochs", "checkpoints/last.ckpt", 0.5),
    Moment("the test", "validation/calibration.json", 0.1),
    Moment("the test is answered", "test/predictions.csv", 0.02),
    Moment("the report is written", "test/*.png", 2.0),
    Moment("the report is done", "test/metrics.json", 0.5),
    Moment("W&B ends", "figures/learning_curves.png", 0.5),
)
"""In the order in which a run meets them."""


@dataclass
class Kill:
    """One kill.

    Attributes:
        moment: The one that was drawn.
        state: How far the run had come, as its folder tells.
        children: Whether W&B's process was killed too.
    """

    moment: str
    state: str
    children: bool


@dataclass
class Story:
    """One run from its first start to its end.

    Attributes:
        kills: In order.
        faults: What did not hold, in words.
    """

    kills: list[Kill] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def undisturbed(folder: Path, arguments: tuple[str, ...] = ARGUMENTS) -> Path:
    """Trains to the end at once."""
    folder.mkdir()
    status = wait_for(Warm(folder, arguments))
    assert status == 0, log_of(folder).read_text()
    return folder


def killed_runs(folder: Path, reference: Path, count: int, seed: int) -> Iterator[Story]:
    """Kills so many times altogether, run after run, and compares each with the reference.

    Args:
        folder: Where the runs go.
        reference: The folder of the undisturbed run.
        count: Kills.
        seed: Draws moments.
    """
    rng, number = random.Random(seed), 0
    while count > 0:
        number += 1
        place = folder / f"killed{number}"
        story = kill_and_finish(place, reference, min(count, KILLS_A_RUN), rng)
        count -= len(story.kills)
        yield story


def kill_and_finish(folder: Path, reference: Path, count: int, rng: random.Random) -> Story:
    """Starts the same command until it has been killed so often, and then until it finishes."""
    folder.mkdir()
    story, looks = Story(), 1
    drawn = sorted(rng.choices(MOMENTS[1:], k=count), key=MOMENTS.index)
    for place in range(count):  # a start can fail wherever the run stands
        if rng.random() < 1 / len(MOMENTS):
            drawn[place] = MOMENTS[0]
    for moment in drawn:
        training = _start(folder, moment)
        if not _await(training, folder, reference, moment, rng):
            break
        children = rng.random() < 0.5
        kill(training, children)
        state, again = _state(folder)
        looks += again
        story.kills.append(Kill(moment.name, state, children))
    else:
        training = _start(folder, None)
    status = wait_for(training)
    if status != 0:
        story.faults.append(f"exit status {status}: {log_of(folder).read_text()[-2000:]}")
    else:
        story.faults += faults(folder, reference, looks)
    return story


def _start(folder: Path, moment: Moment | None) -> Training:
    time.sleep(1.01)  # W&B names its folders by the second, as if starts took longer than that
    return Cold(folder, ARGUMENTS) if moment == MOMENTS[0] else Warm(folder, ARGUMENTS)


def _await(
    training: Training, folder: Path, reference: Path, moment: Moment, rng: random.Random
) -> bool:
    """Waits for a moment; False where the process ended before it came."""
    run = folder / only_run(reference).path.relative_to(reference)
    before, until = _marks(run, moment.watch), time.monotonic() + LIMIT
    while moment.watch and not _marks(run, moment.watch) - before:
        if training.ended() is not None:
            return False
        assert time.monotonic() < until, f"process {training.pid} hangs"
        time.sleep(0.002)
    time.sleep(rng.uniform(0, moment.wait))
    return training.ended() is None


def _marks(run: Path, pattern: str) -> set[tuple[str, int, int]]:
    """Files of a pattern, such that one written anew is another."""
    found = set()
    for path in run.glob(pattern) if pattern else ():
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue
        found.add((path.name, stat.st_ino, stat.st_mtime_ns))
    return found


def _state(folder: Path) -> tuple[str, bool]:
    """How far a run had come; and whether its test has to be repeated."""
    if not (found := runs(folder)) or not found[0].exists():
        return "no run yet", False
    run = found[0]
    status = run.status
    if not status["trained"]:
        within = ", within it" if run.middle.is_file() else ""
        return f"after epoch {len(run.rows())}{within}", False
    if not status.get("test_looks"):
        return "trained", False
    if status[ANSWERED] is None:
        return "in the test", True
    return {"running": "tested"}.get(status["state"], status["state"]), False


def end_and_finish(folder: Path, reference: Path, number: signal.Signals) -> tuple[int, str]:
    """Asks a training and all its children to end in the second epoch, and starts it again.

    Returns:
        The exit status of the first process, and what its run said then.
    """
    folder.mkdir()
    training = Warm(folder, ARGUMENTS)
    moment = Moment("the second epoch", "checkpoints/last.ckpt", 0.0)
    assert _await(training, folder, reference, moment, random.Random(0)), log_of(folder).read_text()
    send(training, number, children=True)
    status, why = wait_for(training), only_run(folder).status["why"]
    time.sleep(1.01)
    assert wait_for(Warm(folder, ARGUMENTS)) == 0, log_of(folder).read_text()
    return status, why


def faults(folder: Path, reference: Path, looks: int) -> list[str]:
    """What differs from the undisturbed run, in words.

    Args:
        folder: Of the run that was killed.
        reference: Of the other.
        looks: How often the test part had to be looked at, at most.
    """
    run, other = only_run(folder), only_run(reference)
    found = []
    try:
        assert_same_training(run, other)
    except AssertionError as error:
        found.append(f"weights, rows or figures differ: {error}")
    for name in ("test/predictions.csv", "validation/calibration.json", "split.npz"):
        if (run.path / name).read_bytes() != (other.path / name).read_bytes():
            found.append(f"{name} differs")
    if (state := run.status["state"]) != "finished":
        found.append(f"the run is {state}")
    if len(run.status["test_looks"]) > looks:
        found.append(f"{len(run.status['test_looks'])} looks at the test part, not {looks}")
    if more := files(folder) ^ files(reference):
        found.append(f"stray or missing files: {sorted(more)}")
    return found + _wandb_faults(run)


def files(folder: Path) -> set[str]:
    """All but W&B's own files, of which every process leaves some."""
    paths = {path.relative_to(folder) for path in folder.rglob("*")}
    return {str(path) for path in paths if "wandb" not in path.parts[:-1]}


def _wandb_faults(run: RunFolder) -> list[str]:
    """Whether there is one W&B run, and its last record is whole."""
    own, paths = run.status["wandb_id"], wandb_files(run.path)
    found = [f"a record of another run: {p.name}" for p in paths if p.name != f"run-{own}.wandb"]
    record, rows = read_wandb(paths[-1]), run.rows()
    if (record.id, record.exit_code) != (own, 0):
        found.append(f"the last W&B record is of {record.id!r}, exit status {record.exit_code}")
    told = [each for each in record.history if "epoch" in each]
    kept = [{key: each.get(key) for key in row} for each, row in zip(told, rows, strict=False)]
    if len(told) != len(rows) or kept != rows:
        found.append("the last W&B record has other rows than metrics.csv")
    if record.summary.get("test/accuracy") != run.results()["metrics"]["accuracy"]:
        found.append("the last W&B record lacks the test")
    return found

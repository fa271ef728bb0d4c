"""The jobs of a sweep as its report sees them, and numbers written for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fer.evaluation.cautions import marked

UNKNOWN = "n/a"


@dataclass(frozen=True)
class Job:
    """One job of a sweep; what is not known yet is None.

    Attributes:
        number: Place in the sweep, from 0.
        overrides: As given on the command line, such as `model=resnet18`.
        status: `finished`, `failed`, `running`, `pending` or `interrupted`.
        error: Why it failed.
        folder: Its run folder.
        metrics: Test metrics under the names of `headline`.
        intervals: 95 % intervals of them, (low, high).
        validation_accuracy: Of the epoch whose weights were kept, 0 to 1.
        parameters: Number of weights of the network.
        trained_parameters: Those that are not frozen.
        seconds_per_epoch: Mean wall time of an epoch.
        seconds: Wall time of the whole job.
        epochs: Epochs trained.
        protocol: Name of the protocol.
        part: Name of the test part.
        n: Number of test images.
        notes: What a reader of the result must know, such as people on both sides.
        cautions: Those notes for which every figure of the job is marked.
        split_hash: Equal for jobs with equal parts; others answered other images.
        model: Name of the model.
        frozen_stages: Freezing depth.
        seed: Seed of the run, the first of several.
        runs: Which runs the figures are of where there are several: `5 folds, pooled n = 981`.
        accuracy_mean: Over these runs, or over trials where each pools its folds.
        accuracy_deviation: Standard deviation over the same.
        accuracy_median: Over the same.
    """

    number: int
    overrides: Sequence[str]
    status: str
    error: str | None = None
    folder: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, Sequence[float]] = field(default_factory=dict)
    validation_accuracy: float | None = None
    parameters: int | None = None
    trained_parameters: int | None = None
    seconds_per_epoch: float | None = None
    seconds: float | None = None
    epochs: int | None = None
    protocol: str | None = None
    part: str | None = None
    n: int | None = None
    notes: Sequence[str] = ()
    cautions: Sequence[str] = ()
    split_hash: str | None = None
    model: str | None = None
    frozen_stages: int | None = None
    seed: int | None = None
    runs: str | None = None
    accuracy_mean: float | None = None
    accuracy_deviation: float | None = None
    accuracy_median: float | None = None

    @property
    def accuracy(self) -> tuple[float, float, float] | None:
        """Test accuracy with both ends of its interval; all equal where there is no interval."""
        value = self.metrics.get("accuracy", math.nan)
        if not math.isfinite(value):
            return None
        low, high = self.intervals.get("accuracy", (value, value))
        return value, low, high

    @property
    def words(self) -> str:
        """All overrides in one line."""
        return " ".join(self.overrides) or "(defaults)"


def groups(jobs: Iterable[Job]) -> dict[str, list[Job]]:
    """Measured jobs by the test images they answered: A, B, ... to the jobs that can be ranked."""
    by_split: dict[str | None, list[Job]] = {}
    for job in jobs:
        if job.accuracy:
            by_split.setdefault(job.split_hash, []).append(job)
    return {_letters(i): members for i, members in enumerate(by_split.values())}


def _letters(i: int) -> str:
    """0 to A, 25 to Z, 26 to AA."""
    return (_letters(i // 26 - 1) if i >= 26 else "") + chr(ord("A") + i % 26)


def best(jobs: Iterable[Job]) -> Job | None:
    """The finished job of the highest validation accuracy: the test part never chooses."""
    known = [
        (job.validation_accuracy, -job.number, job)
        for job in jobs
        if job.status == "finished"
        and job.validation_accuracy is not None
        and math.isfinite(job.validation_accuracy)
    ]
    return max(known)[2] if known else None


def varied(jobs: Iterable[Job]) -> dict[str, list[str]]:
    """Settings that differ between jobs, each with its values in order of appearance."""
    values: dict[str, list[str]] = {}
    for job in jobs:
        for override in job.overrides:
            key, _, value = override.partition("=")
            if value not in values.setdefault(key, []):
                values[key].append(value)
    return {key: found for key, found in values.items() if len(found) > 1}


def tally(jobs: Sequence[Job]) -> str:
    """How the sweep stands.

    Examples:
        >>> tally([Job(0, [], "finished"), Job(1, [], "failed"), Job(2, [], "pending")])
        '1 of 3 jobs finished, 1 failed, 1 pending'
    """
    counts = {
        s: sum(job.status == s for job in jobs) for s in dict.fromkeys(j.status for j in jobs)
    }
    done = counts.pop("finished", 0)
    rest = "".join(f", {count} {status}" for status, count in counts.items())
    return f"{done} of {len(jobs)} job{'s' * (len(jobs) != 1)} finished{rest}"


def images_text(job: Job) -> str:
    """What a job was tested on, in words."""
    said = [
        f"{marked(job.protocol, job.cautions)} protocol" if job.protocol else "",
        f"part {job.part}" if job.part else "",
        f"{job.n:,} images" if job.n is not None else "",
        f"split {job.split_hash[:8]}" if job.split_hash else "split not recorded",
    ]
    return ", ".join(filter(None, said))


def percent(value: float | None) -> str:
    """0.7123 to 71.2 %."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:.1%}"[:-1] + " %"


def share(value: float | None) -> str:
    """0.7123 to 0.712."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:.3f}"


def accuracy_text(job: Job) -> str:
    """Test accuracy with its interval, such as 71.2 % (69.7 to 72.7), and the mark it may need."""
    if job.accuracy is None:
        return UNKNOWN
    value, low, high = job.accuracy
    told = percent(value) + (f" ({100 * low:.1f} to {100 * high:.1f})" if low < high else "")
    return marked(told, job.cautions)


def spread_text(job: Job) -> str:
    """What several runs say together, nothing for a single one.

    Examples:
        >>> spread_text(Job(0, [], "finished", None, runs="3 trials, n = 840", accuracy_mean=0.7,
        ...     accuracy_deviation=0.02, accuracy_median=0.69))
        '3 trials, n = 840: 70.0 % ± 2.0 %, median 69.0 %'
    """
    if job.runs is None:
        return ""
    mean, deviation = percent(job.accuracy_mean), percent(job.accuracy_deviation)
    return f"{job.runs}: {mean} ± {deviation}, median {percent(job.accuracy_median)}"


def marked_note(job: Job, note: str) -> str:
    """A note of a job, with the mark of the figures that it warns of."""
    return f"{marked(f'Job {job.number}', [n for n in job.cautions if n == note])}: {note}"


def count_text(count: float | None) -> str:
    """A large number in three digits.

    Examples:
        >>> count_text(11_181_642), count_text(3_591), count_text(512), count_text(999_999)
        ('11.2 M', '3.6 k', '512', '1.0 M')
    """
    if count is None:
        return UNKNOWN
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size * 0.99995:
            return f"{count / size:.1f} {unit}"
    return f"{count:.0f}"


def time_text(seconds: float | None) -> str:
    """Seconds as a person would say them.

    Examples:
        >>> time_text(0.214), time_text(8.25), time_text(65), time_text(4000)
        ('0.21 s', '8.2 s', '1 min 05 s', '1 h 07 min')
    """
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min"

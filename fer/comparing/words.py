"""What a comparison says in plain sentences, and its numbers as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fer.comparing.rows import Row
from fer.comparing.testsets import Pair, TestSet, pareto_front
from fer.evaluation.sweep_jobs import UNKNOWN, count_text, percent, time_text

METHODS = (
    (
        "Same images",
        "McNemar's exact test asks whether the images that only one of two runs got right fall to "
        "both equally often (McNemar, Psychometrika 1947; Dietterich, Neural Computation 1998, "
        "section 3.1). Of several seeds it compares the lowest that both have; where it decides, "
        "the difference and its interval are those of that seed.",
    ),
    (
        "Difference",
        "Of the two test accuracies, with its 95 % percentile bootstrap interval over the images, "
        "both runs on the same ones, 2,000 resamples (Efron and Tibshirani, An Introduction to the "
        "Bootstrap, 1993, chapter 13).",
    ),
    (
        "Seeds or folds",
        "The corrected resampled t-test over the seeds or folds that both have (Nadeau and Bengio, "
        "Machine Learning 2003, section 4.1). It allows for the training images that folds share; "
        "for seeds, which share all of them, it is cautious. Where there are several, it decides, "
        "since McNemar's test knows nothing of how a result moves with the training; not where "
        "all of them differ by exactly the same, which says nothing of how it moves.",
    ),
    (
        "Many tests",
        "The p of a sentence is that of the test that decides, corrected for how many pairs these "
        "images decide here, against the best and against the baseline together (Holm, "
        "Scandinavian Journal of Statistics 1979). The p of each test, and the interval of the "
        "difference, are not corrected: an interval may lie beyond 0 where p says that two rows "
        "cannot be told apart.",
    ),
    (
        "Best",
        "The row of the highest validation accuracy. Tables are ordered by test accuracy, as "
        "readers expect, but to call the top of that order the best would be to choose on the "
        "test images, and its figure would be too good.",
    ),
    (
        "Without copies",
        "Accuracy on the test images of which no exact copy is among the training images, a column "
        "where a row has such copies: a network may know them by heart. Runs that never looked for "
        "copies have none.",
    ),
    (
        "Intervals",
        "They say how far a test accuracy may be off because the test part is only a sample of "
        "faces. How another training seed would move it is not in them: that is what ± says, the "
        "standard deviation over seeds or folds.",
    ),
    (
        "Cost",
        "Training time, that of an epoch and milliseconds per face were measured on the machine "
        "of each run, with whatever else it did: compare them between runs of one machine. "
        "Milliseconds per face are those of the test, with its views; older runs did not measure "
        "them. Training time and that of an epoch are, of a blend, with its members', where their "
        "run folders are there: without them the blend is on no front of these; all other costs "
        "are of all its networks anyway. "
        "The size is that of the weights as 32-bit numbers. No other row is more "
        "accurate at the cost of one on the front, or at less; "
        "these are the measured figures, not what is certain of them.",
    ),
)
COSTS = {
    "training_seconds": "training time",
    "seconds_per_epoch": "time per epoch",
    "parameters": "parameters",
    "milliseconds_per_face": "milliseconds per face",
    "megabytes": "size of the weights",
}


def cost_text(cost: str, value: float) -> str:
    """A cost with its unit."""
    if not math.isfinite(value):
        return UNKNOWN
    if cost == "parameters":
        return count_text(round(value))
    if cost in ("training_seconds", "seconds_per_epoch"):
        return time_text(value)
    return f"{value:.3g} {'ms' if cost == 'milliseconds_per_face' else 'MB'}"


def cost_words(row: Row, cost: str) -> str:
    """What a row costs, and whether its members' cost is in it."""
    told = cost_text(cost, getattr(row, cost))
    if cost in ("training_seconds", "seconds_per_epoch"):
        if row.members is None:
            return f"{told} without its members"
        if row.members:
            return f"{told} with its members"
    return told


def points(value: float) -> str:
    """A difference of accuracies in points, with its sign.

    Examples:
        >>> points(0.0021), points(-0.0112), points(-0.0001)
        ('+0.2', '-1.1', '0.0')
    """
    text = f"{100 * value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def p_text(p: float) -> str:
    """A p-value, small ones by their bound."""
    if not math.isfinite(p):
        return UNKNOWN
    return f"{p:.2g}" if p >= 0.001 else "< 0.001"


def told_apart(pair: Pair, alpha: float) -> bool:
    """Whether the test that decides says that two rows differ, and all their seeds agree."""
    return pair.p < alpha and not pair.undecided


def verdict(pair: Pair, alpha: float) -> str:
    """One sentence on two rows."""
    p = p_text(pair.p)
    p = f"p {p}" if p.startswith("<") else f"p = {p}"
    gap = f"{100 * abs(pair.difference):.1f} points"
    low, high = pair.low, pair.high
    shared, one, other = pair_names(pair)
    lead = f"{shared}: " if shared else ""
    if pair.undecided:
        return (
            f"{lead}{one} against {other} cannot be decided: give both the same seeds. "
            f"{compared_words(pair)} the difference is {points(pair.difference)} points, of the "
            f"means over all seeds {points(pair.overall)}."
        )
    better, worse = one, other
    if pair.difference < 0:
        better, worse, low, high = other, one, -high, -low
    ends = f"{points(low).lstrip('+')} to {points(high).lstrip('+')}"
    over = f"on these {pair.n:,} images"
    if compared := compared_words(pair):
        over += f", {compared[0].lower()}{compared[1:]}"
    if told_apart(pair, alpha):
        return f"{lead}{better} is better than {worse} {over}: {gap} ({ends}), {p}."
    return f"{lead}{one} and {other} cannot be told apart {over} ({p}, difference {gap}, {ends})."


def pair_names(pair: Pair) -> tuple[str, str, str]:
    """What the names of two rows share, and each without it; nothing where one would be left bare.

    A name is a model and settings: `resnet18, lr=0.1, max_epochs=8`.
    """
    one, other = pair.first.name.split(", "), pair.second.name.split(", ")
    shared = [word for word in one if word in other]
    left = [", ".join(word for word in name if word not in shared) for name in (one, other)]
    if not all(left):
        return "", pair.first.name, pair.second.name
    return ", ".join(shared), left[0], left[1]


def compared_words(pair: Pair) -> str:
    """Which runs the test that decides compares; empty where each row has one, of one seed."""
    common = sorted(set(pair.first.seeds) & set(pair.second.seeds))
    if pair.over_repeats:
        named = "" if pair.first.seeds == pair.second.seeds else f" ({', '.join(map(str, common))})"
        return f"Over {repeats_words(pair)}{named}"
    one, other = pair.seeds
    if one != other:
        _, first, second = pair_names(pair)
        return (
            f"Seed {one} of {first} against seed {other} of {second}, which have no seed in common"
        )
    return f"With seed {one} alone" if len(pair.first.seeds) + len(pair.second.seeds) > 2 else ""


def repeats_words(pair: Pair) -> str:
    """What the t-test is over."""
    folds = pair.first.folds > 0
    seeds = len(set(pair.first.seeds) & set(pair.second.seeds)) > 1
    kind = "folds and seeds" if folds and seeds else "folds" if folds else "seeds"
    return f"{pair.repeats} {kind}"


def images_words(found: TestSet) -> str:
    """What the rows of a test set were tested on."""
    first = found.rows[0]
    protocols = ", ".join(dict.fromkeys(row.protocol for row in found.rows))
    said = [first.data, f"{protocols} protocol", f"part {first.part}", f"{found.n:,} images"]
    classes = first.first.results["classes"]
    return ", ".join([*said, f"{len(classes)} classes"])


def headlines(found: TestSet, alpha: float, cost: str) -> list[str]:
    """What a test set says as a whole: the best, who cannot be told from it, who is cheapest."""
    best = found.best
    if len(found.rows) == 1:
        return ["One row alone answered these images: there is nothing to test it against."]
    if best is None:
        return ["No row has a validation accuracy: none can be called the best."]
    said = [
        f"Best by validation accuracy: {best.name}, "
        f"validation {percent(best.validation_accuracy)}, test {accuracy_words(best)}."
    ]
    if not found.same_validation:
        said.append(
            "Not all rows were validated on the same images, so their validation accuracies are "
            "not strictly comparable, nor is what is best by them."
        )
    others = [pair for pair in found.pairs if pair.second is best]
    undecided = [pair.first.name for pair in others if pair.undecided]
    alike = [p.first.name for p in others if not told_apart(p, alpha) and not p.undecided]
    behind = [p for p in others if told_apart(p, alpha) and p.difference < 0]
    ahead = [p.first.name for p in others if told_apart(p, alpha) and p.difference > 0]
    if alike:
        said.append(f"Cannot be told apart from it here: {listed(alike)}.")
    if behind:
        many = "all others are" if len(behind) == len(others) > 1 else None
        many = many or f"{len(behind)} row{'s are' if len(behind) > 1 else ' is'}"
        said.append(f"{many[0].upper()}{many[1:]} worse than it on these images.")
    if ahead:
        said.append(f"Better than it on these images, though not on validation: {listed(ahead)}.")
    if undecided:
        said.append(f"Cannot be decided without the same seeds: {listed(undecided)}.")
    top = found.rows[0]
    if top is not best:
        said.append(
            f"The highest test accuracy is that of {top.name}, {percent(top.accuracy)}; picked "
            "after seeing the test, that figure is too good."
        )
    front = pareto_front(found.rows, cost)
    if front:
        names = listed([f"{row.name} ({cost_words(row, cost)})" for row in front])
        said.append(f"On the front of accuracy against {COSTS[cost]}: {names}.")
    return said


def accuracy_words(row: Row) -> str:
    """Test accuracy with its interval and its deviation, such as 63.2 % (61.7 to 64.9)."""
    return " ".join([percent(row.accuracy), *filter(None, (bounds(row), spread_words(row)))])


def bounds(row: Row) -> str:
    """The 95 % interval of accuracy in brackets."""
    low, high = row.intervals.get("accuracy", (math.nan, math.nan))
    return f"({100 * low:.1f} to {100 * high:.1f})" if math.isfinite(low) else ""


def spread_words(row: Row) -> str:
    """Deviation over seeds or folds, such as ± 0.4 over 3 seeds."""
    if not math.isfinite(row.deviation):
        return ""
    over = f"{len(row.seeds)} seeds" if len(row.seeds) > 1 else f"{row.folds} folds"
    return f"± {100 * row.deviation:.1f} over {over}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a row, the last of many as their number."""
    shown = list(names[:most])
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return "; ".join([*shown, *more])

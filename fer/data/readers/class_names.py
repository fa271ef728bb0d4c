"""What people call expressions and parts in the names of folders and in tables."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fer.data.faces import EXPRESSIONS
from fer.data.readers import OnBad
from fer.errors import DataError

SYNONYMS = {
    "angry": ("anger", "angriness"),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
    "happy": ("happiness", "joy", "joyful"),
    "sad": ("sadness",),
    "surprise": ("surprised",),
    "neutral": ("neutrality", "natural"),
    "contempt": ("contemptuous",),
}
KNOWN = "; ".join("/".join((name, *others)) for name, others in SYNONYMS.items())

_EXPRESSIONS = {word: name for name in EXPRESSIONS for word in (name, *SYNONYMS[name])}
_NUMBERED = re.compile(r"\d+[\s._-]+")
_PART = re.compile(r"(training|train|validation|valid|val|testing|test)(?![a-z])")
_PARTS = {"tr": "training", "va": "validation", "te": "test"}


def expression(name: str) -> str | None:
    """The expression that a name stands for, in any case and with or without a number before it.

    Examples:
        >>> expression("Anger"), expression("3_fearful"), expression("cats")
        ('angry', 'fear', None)
    """
    return _EXPRESSIONS.get(_NUMBERED.sub("", name.strip().lower(), count=1))


def part(name: str) -> str | None:
    """The part that a name stands for: training, validation or test.

    Examples:
        >>> part("Train"), part("val_set"), part("Test_Aligned_Faces"), part("trainers")
        ('training', 'validation', 'test', None)
    """
    found = _PART.match(name.strip().lower())
    return _PARTS[found[0][:2]] if found else None


def validation_is_test(parts: Iterable[str | None]) -> bool:
    """Whether a publisher gives out no labelled test part, so that everybody tests on validation.

    That part is then called `test` here: it must not choose the model as well.
    """
    there = set(parts)
    return "validation" in there and "test" not in there


def matching(matched: dict[str, str]) -> str:
    """Tells which name was taken for which class."""
    return "class names: " + ", ".join(f"{name} -> {matched[name]}" for name in sorted(matched))


class ClassNames:
    """Which class each of a data set's own names stands for.

    Attributes:
        classes: Expressions in the order of `EXPRESSIONS`; own classes by the alphabet.
        matched: Class of each name that stands for one, contempt included.
        unknown: The other names.

    Args:
        names: The names of folders, or the labels of a table.
        contempt: Whether contempt is a class where it is there.
        own: Whether the names themselves are the classes.
    """

    def __init__(self, names: Iterable[str], contempt: bool = True, own: bool = False) -> None:
        stands = {name: name if own else expression(name) for name in names}
        self.matched = {name: found for name, found in stands.items() if found is not None}
        self.unknown = sorted(stands.keys() - self.matched.keys())
        there = set(self.matched.values()) - (set() if contempt or own else {"contempt"})
        self.classes = tuple(sorted(there, key=None if own else EXPRESSIONS.index))

    def index(self, name: str) -> int | None:
        """The label of a name; None where it is unknown or its class is left out."""
        found = self.matched.get(name)
        return self.classes.index(found) if found in self.classes else None

    def tell_unknown(self, what: str, on_bad: OnBad) -> None:
        """Calls `on_bad` once with all unknown names.

        Args:
            what: What the names are, such as `class folder`.
            on_bad: Of the reader.
        """
        if self.unknown:
            several = "s" if len(self.unknown) > 1 else ""
            on_bad(
                f"the {what}{several} {', '.join(self.unknown)}",
                f"cannot be matched with an expression (known are {KNOWN}; data.classes=folders "
                "takes any names)",
            )

    def require_two(self, where: str, layout: str) -> None:
        """Refuses a data set in which there is nothing to tell apart.

        Raises:
            DataError: Says which names there are, and which are known.
        """
        if len(self.classes) < 2:
            names = ", ".join([*sorted(self.matched), *self.unknown]) or "none"
            raise DataError(
                f"{where} has fewer than two classes: its names are {names}; known are {KNOWN}; "
                f"data.path is {layout}; data.classes=folders takes any names"
            )

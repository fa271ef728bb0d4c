"""What settings of a classical model may be."""

from __future__ import annotations

from importlib.util import find_spec

from omegaconf import OmegaConf

from fer.checks.checker import Checker


def check_classical(check: Checker) -> None:
    """A descriptor, and a classifier that scikit-learn fits."""
    descriptor = check.value("model.descriptor")
    check.choice("model.descriptor", ("lbp", "lpq", "phog", "pixels"))
    if descriptor in ("lbp", "phog") and find_spec("skimage") is None:
        check.fail(
            "model.descriptor",
            "it needs scikit-image: pip install 'fer-experiments[classical]' "
            "(in a checkout: pip install -e '.[classical]')",
        )
    check.number("model.lbp.radius", low=1, high=8, whole=True)
    for key in ("lbp", "lpq"):
        check.number(f"model.{key}.cells", low=1, high=64, whole=True)
    check.choice("model.lpq.window", range(3, 32, 2))
    check.flag("model.lpq.decorrelate")
    check.number("model.phog.levels", low=0, high=6, whole=True)
    check.number("model.phog.bins", low=2, high=360, whole=True)
    check.flag("model.phog.edges")
    check.number("model.components", low=1, whole=True, null=True)
    check.choice("model.classifier", ("svm", "lda_knn", "gmm"))
    check.choice("model.kernel", ("rbf", "linear"))
    check.number("model.landmarks", low=2, whole=True)
    check.choice("model.covariance", ("diag", "full"))
    _candidates(check, "model.c", float, "numbers above 0, such as [0.1,1]")
    for key in ("model.neighbours", "model.mixtures"):
        _candidates(check, key, int, "whole numbers from 1, such as [1,4]")
    if check.value("data.conflicts") == "soft":
        check.fail("data.conflicts", "a classical model learns labels, not shares: keep or drop")
    if check.value("trainer.compile"):
        check.fail("trainer.compile", "a classical model has no network to compile")


def _candidates(check: Checker, key: str, kind: type, allowed: str) -> None:
    """A list of positive numbers, of which the validation part chooses one."""
    values = check.value(key)
    kinds = (int, float) if kind is float else int
    fits = OmegaConf.is_list(values) and all(
        isinstance(v, kinds) and not isinstance(v, bool) and v > 0 for v in values
    )
    if not fits or not values:
        check.fail(key, f"it is a list of {allowed}")

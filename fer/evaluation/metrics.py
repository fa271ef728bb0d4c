"""Every figure of a test report, from labels and probabilities.

Scikit-learn's definitions, with all K classes in every macro mean: a class without test images, or
one that is never predicted, counts there with 0 (`zero_division=0`). Two figures cannot be had
for a class without test images and leave it out of their mean: balanced accuracy and AUC.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score

from fer.errors import DataError
from fer.extending.own_metrics import measure_own

ECE_BINS = 15
PROBABILITY_FLOOR = 1e-12
"""Smaller probabilities of the true class count as this one in `nll`, which stays finite."""

_Float = NDArray[np.float64]
_Int = NDArray[np.int64]


def checked(labels: ArrayLike, probabilities: ArrayLike) -> tuple[_Int, _Float]:
    """Labels as int64 `[N]` and probabilities as float64 `[N, K]`.

    Raises:
        DataError: No images, or the shapes disagree.
    """
    truth = np.asarray(labels, dtype=np.int64)
    scores = np.asarray(probabilities, dtype=np.float64)
    if truth.ndim != 1 or scores.ndim != 2 or len(truth) != len(scores):
        raise DataError(
            f"Metrics need labels [N] and probabilities [N, K], not {truth.shape}, {scores.shape}."
        )
    if not len(truth):
        raise DataError("The test part has no images, so there is nothing to measure.")
    return truth, scores


def confusion(labels: ArrayLike, predicted: ArrayLike, k: int) -> _Int:
    """Count how often each class was taken for each other.

    Args:
        labels: `[N]`, 0 to k - 1.
        predicted: `[N]`, 0 to k - 1.
        k: Number of classes.

    Returns:
        int64 `[K, K]`, rows are the truth, columns the prediction.

    Examples:
        >>> confusion([0, 0, 1], [0, 1, 1], k=2).tolist()
        [[1, 1], [0, 1]]
    """
    counts: _Int = confusion_matrix(labels, predicted, labels=range(k)).astype(np.int64)
    return counts


def class_auroc(labels: _Int, probabilities: _Float) -> _Float:
    """One-vs-rest area under the ROC curve of each class.

    Returns:
        float64 `[K]`, 0 to 1; NaN for a class that has no test images, or all of them.
    """
    areas = np.full(probabilities.shape[1], np.nan)
    for k in range(len(areas)):
        positive = labels == k
        if positive.any() and not positive.all():
            areas[k] = roc_auc_score(positive, probabilities[:, k])
    return areas


def calibration_gaps(labels: _Int, probabilities: _Float) -> tuple[_Int, _Float]:
    """The parts of the expected calibration error, image by image.

    Returns:
        int64 `[N]`, the bin of each image's confidence, 0 to 14, and float64 `[N]`, -1 to 1,
        confidence less 1 where the prediction is right, less 0 where it is wrong.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.digitize(confidence, np.linspace(0, 1, ECE_BINS + 1)[1:-1])
    return bins, confidence - right


def expected_calibration_error(labels: _Int, probabilities: _Float) -> float:
    """Mean gap between confidence and accuracy over 15 equal-width bins, weighted by their faces.

    Guo et al., On Calibration of Modern Neural Networks, 2017, section 2.
    """
    bins, gaps = calibration_gaps(labels, probabilities)
    return float(np.abs(np.bincount(bins, weights=gaps)).sum() / len(labels))


def image_nll(labels: _Int, probabilities: _Float) -> _Float:
    """float64 `[N]`: minus the logarithm of each image's probability for its true class."""
    true_class = probabilities[np.arange(len(labels)), labels]
    loss: _Float = -np.log(np.maximum(true_class, PROBABILITY_FLOOR))
    return loss


def image_binary_hits(labels: _Int, probabilities: _Float) -> _Float:
    """float64 `[N]`: share of each image's K probabilities on the right side of 0.5.

    The truth is one-hot: above 0.5 for the true class, not above for the others.
    """
    truth = np.arange(probabilities.shape[1]) == labels[:, None]
    hits: _Float = ((probabilities > 0.5) == truth).mean(axis=1)
    return hits


def headline(labels: ArrayLike, probabilities: ArrayLike) -> dict[str, float]:
    """The figures of one model on one test part.

    Accuracy is top-1. `*_weighted` are weighted by support, so `recall_weighted` equals accuracy.
    `balanced_accuracy` is the mean recall over the classes that have test images, `auroc_macro`
    the unweighted mean of their one-vs-rest areas. `ece` is the expected calibration error with 15
    equal-width bins (Guo et al., On Calibration of Modern Neural Networks, 2017), `nll` the mean
    negative log-likelihood in nats, `support` the number of images. Only for comparison with a
    study that calls it accuracy (Chen 2023): `binary_accuracy_elementwise`, the share of all N x K
    probabilities on the right side of 0.5, which is (K - 1) / K where none is above 0.5. What
    plugins add to `fer.extending.own_metrics.METRICS` follows.

    Args:
        labels: int `[N]`, 0 to K - 1.
        probabilities: `[N, K]`, 0 to 1, rows summing to 1.

    Returns:
        Names to values, each 0 to 1 but `nll` (0 and more), `support` and a plugin's.
        `auroc_macro` is NaN where all test images are of one class.

    Raises:
        DataError: No images, or the shapes disagree.

    Examples:
        >>> figures = headline([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
        >>> round(figures["accuracy"], 3), figures["balanced_accuracy"], figures["auroc_macro"]
        (0.667, 0.75, 1.0)
    """
    truth, scores = checked(labels, probabilities)
    said = scores.argmax(axis=1)
    every = range(scores.shape[1])
    _, recall, f1, support = precision_recall_fscore_support(
        truth, said, labels=every, zero_division=0
    )
    weighted = precision_recall_fscore_support(
        truth, said, labels=every, zero_division=0, average="weighted"
    )
    areas = class_auroc(truth, scores)
    figures = {
        "accuracy": np.mean(said == truth),
        "balanced_accuracy": recall[support > 0].mean(),
        "f1_macro": f1.mean(),
        "f1_weighted": weighted[2],
        "precision_weighted": weighted[0],
        "recall_weighted": weighted[1],
        "auroc_macro": np.nan if np.isnan(areas).all() else np.nanmean(areas),
        "ece": expected_calibration_error(truth, scores),
        "nll": image_nll(truth, scores).mean(),
        "binary_accuracy_elementwise": image_binary_hits(truth, scores).mean(),
        "support": len(truth),
        **measure_own(truth, scores),
    }
    return {name: float(value) for name, value in figures.items()}


def per_class(
    labels: ArrayLike, probabilities: ArrayLike, classes: tuple[str, ...]
) -> list[dict[str, str | int | float]]:
    """The figures of each class, as rows of `per_class.csv`.

    Args:
        labels: int `[N]`, 0 to K - 1.
        probabilities: `[N, K]`, 0 to 1.
        classes: Names of the K classes.

    Returns:
        A row for each class: `class`, `precision`, `recall`, `f1` (0 where undefined), `support`
        (number of images), `auroc` (NaN where undefined).

    Raises:
        DataError: No images, or the shapes disagree.
    """
    truth, scores = checked(labels, probabilities)
    if len(classes) != scores.shape[1]:
        raise DataError(f"{len(classes)} class names for {scores.shape[1]} probabilities.")
    columns = precision_recall_fscore_support(
        truth, scores.argmax(axis=1), labels=range(len(classes)), zero_division=0
    )
    return [
        {
            "class": name,
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "support": int(support),
            "auroc": float(auroc),
        }
        for name, precision, recall, f1, support, auroc in zip(
            classes, *columns, class_auroc(truth, scores), strict=True
        )
    ]

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn import metrics as sk
from torchmetrics.functional import classification as tm

from fer.data.faces import SEVEN
from fer.errors import DataError
from fer.evaluation.metrics import class_auroc, confusion, headline, per_class

SHARES = {
    "balanced": None,
    "imbalanced": [0.13, 0.015, 0.14, 0.25, 0.17, 0.12, 0.175],
    "absent": [0.3, 0.0, 0.2, 0.2, 0.2, 0.1, 0.0],
}


@pytest.mark.parametrize("share", SHARES.values(), ids=SHARES)
@pytest.mark.parametrize("ties", [False, True])
def test_agrees_with_scikit_learn(answers: Callable, share: object, ties: bool) -> None:
    for seed in range(8):
        labels, probabilities = answers(seed, share=share, ties=ties)
        said = probabilities.argmax(axis=1)
        present = np.unique(labels)
        every = {"labels": range(7), "zero_division": 0}
        figures = headline(labels, probabilities)
        areas = [sk.roc_auc_score(labels == k, probabilities[:, k]) for k in present]
        expected = {
            "accuracy": sk.accuracy_score(labels, said),
            "balanced_accuracy": sk.recall_score(
                labels, said, labels=present, average="macro", zero_division=0
            ),
            "f1_macro": sk.f1_score(labels, said, average="macro", **every),
            "f1_weighted": sk.f1_score(labels, said, average="weighted", **every),
            "precision_weighted": sk.precision_score(labels, said, average="weighted", **every),
            "recall_weighted": sk.recall_score(labels, said, average="weighted", **every),
            "auroc_macro": np.mean(areas),
            "nll": sk.log_loss(labels, probabilities, labels=range(7)),
            "support": 300,
        }
        assert {k: figures[k] for k in expected} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("share", [SHARES["balanced"], SHARES["imbalanced"]])
def test_agrees_with_torchmetrics(answers: Callable, share: object) -> None:
    for seed in range(8):
        labels, probabilities = answers(seed, n=1000, share=share)
        y, p = torch.from_numpy(labels), torch.from_numpy(probabilities)
        expected = {
            "accuracy": tm.multiclass_accuracy(p, y, 7, average="micro"),
            "balanced_accuracy": tm.multiclass_accuracy(p, y, 7, average="macro"),
            "f1_macro": tm.multiclass_f1_score(p, y, 7, average="macro"),
            "f1_weighted": tm.multiclass_f1_score(p, y, 7, average="weighted"),
            "precision_weighted": tm.multiclass_precision(p, y, 7, average="weighted"),
            "recall_weighted": tm.multiclass_recall(p, y, 7, average="weighted"),
            "auroc_macro": tm.multiclass_auroc(p, y, 7, average="macro"),
            "ece": tm.multiclass_calibration_error(p, y, 7, n_bins=15),
        }
        figures = headline(labels, probabilities)
        for name, value in expected.items():
            assert figures[name] == pytest.approx(float(value), abs=1e-6), name
        assert (
            confusion(labels, p.argmax(1), 7) == tm.multiclass_confusion_matrix(p, y, 7).numpy()
        ).all()


def test_per_class_agrees_with_scikit_learn(answers: Callable) -> None:
    labels, probabilities = answers(1, share=SHARES["imbalanced"])
    rows = per_class(labels, probabilities, SEVEN)
    report = sk.classification_report(
        labels, probabilities.argmax(axis=1), target_names=SEVEN, output_dict=True, zero_division=0
    )
    for k, row in enumerate(rows):
        line = report[SEVEN[k]]
        assert row["class"] == SEVEN[k]
        assert row["support"] == line["support"]
        assert row["precision"] == pytest.approx(line["precision"])
        assert row["recall"] == pytest.approx(line["recall"])
        assert row["f1"] == pytest.approx(line["f1-score"])
        assert row["auroc"] == pytest.approx(sk.roc_auc_score(labels == k, probabilities[:, k]))


def test_by_hand_with_an_absent_class() -> None:
    labels = [0, 0, 1, 1]
    probabilities = [[0.8, 0.1, 0.1], [0.3, 0.2, 0.5], [0.1, 0.9, 0.0], [0.2, 0.7, 0.1]]
    figures = headline(labels, probabilities)
    assert figures["accuracy"] == 0.75
    assert figures["balanced_accuracy"] == 0.75  # recalls 0.5 and 1, the absent class left out
    assert figures["f1_macro"] == pytest.approx((2 / 3 + 1 + 0) / 3)  # the absent class with 0
    assert figures["auroc_macro"] == 1.0
    assert figures["nll"] == pytest.approx(-np.log([0.8, 0.3, 0.9, 0.7]).mean())
    # confidences 0.8, 0.5, 0.9, 0.7 in bins of their own; right, wrong, right, right
    assert figures["ece"] == pytest.approx((0.2 + 0.5 + 0.1 + 0.3) / 4)
    absent = per_class(labels, probabilities, ("a", "b", "c"))[2]
    assert np.isnan(absent.pop("auroc"))
    assert absent == {"class": "c", "precision": 0, "recall": 0, "f1": 0, "support": 0}


def test_one_class_alone_has_no_auc() -> None:
    areas = class_auroc(np.zeros(3, dtype=np.int64), np.full((3, 2), 0.5))
    assert np.isnan(areas).all()
    assert np.isnan(headline([0, 0], [[0.9, 0.1], [0.8, 0.2]])["auroc_macro"])


def test_a_probability_of_zero_for_the_truth_stays_finite() -> None:
    assert headline([0], [[0.0, 1.0]])["nll"] == pytest.approx(-np.log(1e-12))


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [([], np.zeros((0, 7))), ([0, 1], np.ones((3, 2))), ([0, 1], np.ones(2))],
)
def test_nothing_to_measure_is_told(labels: list[int], probabilities: NDArray) -> None:
    with pytest.raises(DataError):
        headline(labels, probabilities)


def test_class_frequencies_as_the_answer_reach_six_sevenths(answers: Callable) -> None:
    """What Chen reports as accuracy, out of a network that looks at nothing."""
    labels, _ = answers(0, n=700, share=SHARES["imbalanced"])
    frequencies = np.bincount(labels, minlength=7) / len(labels)
    assert frequencies.max() < 0.5
    figures = headline(labels, np.tile(frequencies, (len(labels), 1)))
    assert figures["binary_accuracy_elementwise"] == pytest.approx(6 / 7, abs=1e-12)
    assert figures["accuracy"] == frequencies.max()


def test_element_wise_binary_accuracy_by_hand() -> None:
    # right of three: all; two, none is above 0.5; one, wrong and sure; two, 0.5 is not above it
    probabilities = [[0.8, 0.1, 0.1], [0.4, 0.3, 0.3], [0.9, 0.1, 0.0], [0.5, 0.3, 0.2]]
    figures = headline([0, 1, 2, 0], probabilities)
    assert figures["binary_accuracy_elementwise"] == pytest.approx((3 + 2 + 1 + 2) / 12)


@pytest.mark.parametrize("seed", range(4))
def test_element_wise_binary_accuracy_agrees_with_torchmetrics(
    answers: Callable, seed: int
) -> None:
    labels, probabilities = answers(seed)
    truth = torch.nn.functional.one_hot(torch.from_numpy(labels), 7)
    expected = tm.binary_accuracy(torch.from_numpy(probabilities), truth, threshold=0.5)
    figures = headline(labels, probabilities)
    assert figures["binary_accuracy_elementwise"] == pytest.approx(float(expected), abs=1e-6)


def test_confusion_rows_are_the_truth() -> None:
    assert confusion([0, 0, 2], [1, 1, 2], k=3).tolist() == [[0, 2, 0], [0, 0, 0], [0, 0, 1]]

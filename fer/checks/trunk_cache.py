"""What goes together with a frozen trunk's outputs that are kept."""

from __future__ import annotations

from fer.checks.checker import Checker

KEY = "model.trunk_cache"


def check_trunk_cache(check: Checker) -> None:
    """Nothing but the head may learn or draw, and nothing may need the pictures themselves.

    Whether `model.frozen_stages` is the backbone's largest is judged once that is built.
    """
    if KEY.removeprefix("model.") not in check.cfg.model:
        return
    check.number(KEY, low=0, whole=True)
    if not check.value(KEY):
        return
    if not check.value("model.frozen_stages"):
        check.fail(KEY, "it needs the whole backbone frozen: the largest model.frozen_stages, or 0")
    for key, why in {
        "model.drop_path": "it would drop other paths in every epoch",
        "augment.mixup.alpha": "it mixes pictures anew in every epoch",
        "augment.cutmix.alpha": "it mixes pictures anew in every epoch",
        "data.shuffle_window": "the pixels are read once and all that it keeps is shuffled",
        "data.progressive": "it changes the pictures from epoch to epoch",
        "distillation.teacher": "a teacher looks at the pictures",
        "trainer.compile": "nothing is left to compile but the head",
    }.items():
        if check.value(key):
            check.fail(key, f"not with {KEY}={check.value(KEY)}, since {why}")
    if check.value("model.kind") in ("cnn", "wide_resnet") and check.value("model.dropout"):
        check.fail("model.dropout", f"0 with {KEY}, since this network drops inside its trunk")

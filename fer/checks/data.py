"""What settings of data, protocol and augmentation may be."""

from __future__ import annotations

from omegaconf import OmegaConf

from fer.checks.checker import Checker
from fer.checks.faces import check_faces
from fer.errors import ConfigError
from fer.extending.plugins import named

DATA_SETS = (
    "synthetic",
    "fer2013",
    "ferplus",
    "ckplus",
    "jaffe",
    "sfew",
    "rafdb",
    "affectnet",
    "folder",
)
PROTOCOLS = (
    "official",
    "holdout",
    "random_holdout",
    "kfold",
    "random_kfold",
    "subject_kfold",
    "leave_one_subject_out",
)
TEST_PARTS = ("private", "public", "both", "test")
VOTE_LABELS = ("majority", "probability", "cross_entropy", "multi_target")


def check_data(check: Checker) -> None:
    """The data set, and how its pictures are read and grouped into batches.

    Raises:
        ConfigError: One of them cannot work, or does not go with another.
    """
    if named():  # whose data sets are known once they are imported
        check.word("data.name")
    else:
        check.choice("data.name", DATA_SETS)
    check.text("data.path", null=True)
    check.flag("data.download")
    if check.value("data.name") == "synthetic":
        for key in ("train", "validation", "test"):
            check.number(f"data.{key}", low=1, high=140_000, whole=True)
        check.number("data.frames", low=1, high=100, whole=True)
        check.number("data.drawing_seed", low=0, whole=True)
    if "faces" in check.cfg.data:
        _check_pictures(check)
    if check.value("data.name") == "ferplus":
        check.text("data.votes_path", null=True)
        check.text("data.csv_path", null=True)
        check.choice("data.labels", VOTE_LABELS)
        check.choice("data.contempt", ("keep", "leave_out"))
    check.choice("data.on_bad_file", ("stop", "skip"))
    check.number("data.processes", low=1, whole=True, null=True)
    check.number("data.size", low=16, high=1024, whole=True)
    check.by_epoch("data.progressive", low=16, high=check.value("data.size"))
    check.choice("data.channels", (1, 3))
    check.choice("data.conflicts", ("keep", "drop", "soft"))
    check.choice("data.duplicates_of_test", ("keep", "drop"))
    check.number("data.images_per_class", low=1, whole=True, null=True)
    check.number("data.batch_size", low=1, whole=True)
    check.choice("data.on_device", ("auto", True, False))
    check.choice("data.sampler", ("shuffle", "balanced"))
    check.number("data.shuffle_window", low=1024, whole=True, null=True)
    if check.value("data.shuffle_window") is not None and check.value("data.sampler") != "shuffle":
        raise ConfigError("data.shuffle_window needs data.sampler=shuffle")
    factors = check.value("data.oversample")
    if factors is not None:
        if not OmegaConf.is_dict(factors) or not all(
            isinstance(f, int) and not isinstance(f, bool) and f >= 1 for f in factors.values()
        ):
            check.fail(
                "data.oversample",
                "it maps classes to whole numbers from 1, such as {disgust:4}, or is null",
            )
        if check.value("data.sampler") == "balanced":
            raise ConfigError("data.oversample and data.sampler=balanced exclude each other")


def _check_pictures(check: Checker) -> None:
    """What data sets of picture files have besides; a key counts where the data set has it."""
    check.text("data.exclude", null=True)
    check_faces(check)
    choices = {
        "neutral": ("first", "none"),
        "contempt": ("keep", "leave_out"),
        "pictures": ("aligned", "original"),
        "classes": ("expressions", "folders"),
    }
    for key, allowed in choices.items():
        if key in check.cfg.data:
            check.choice(f"data.{key}", allowed)
    if "last_frames" in check.cfg.data:
        check.number("data.last_frames", low=1, whole=True)


def check_pseudo(check: Checker) -> None:
    """The run that labels, the pictures and how sure it must be."""
    for key, other in (("pseudo.run", "pseudo.path"), ("pseudo.path", "pseudo.run")):
        check.text(key, null=True)
        if check.value(key) is None and check.value(other) is not None:
            check.fail(key, f"{other} needs it: give both, or neither")
    check.number("pseudo.confidence", low=0, high=1)


def check_protocol(check: Checker) -> None:
    """Who is in training, validation and test; what is tested must not select.

    Raises:
        ConfigError: One of them cannot work, or does not go with another.
    """
    name = check.value("protocol.name")
    validation = check.value("protocol.validation")
    check.choice("protocol.name", PROTOCOLS)
    check.number("protocol.seed", low=0, high=2**31, whole=True)
    if name == "official":
        check.choice("protocol.test", TEST_PARTS)
        if isinstance(validation, str):
            check.choice("protocol.validation", ("public", "private", "validation"))
            test = check.value("protocol.test")
            if test == validation or (test == "both" and validation != "validation"):
                raise ConfigError(
                    f"protocol.validation={validation} and protocol.test="
                    f"{test} share images: what is tested must not select "
                    "the model. Take a share of training images, such as protocol.validation=0.1"
                )
            return
    elif "ratios" in check.cfg.protocol:
        ratios = check.value("protocol.ratios")
        fits = (
            OmegaConf.is_list(ratios)
            and len(ratios) in (2, 3)
            and all(isinstance(r, (int, float)) and 0 < r < 1 for r in ratios)
        )
        if not fits or abs(sum(ratios) - 1) > 1e-6:
            check.fail(
                "protocol.ratios",
                "two or three numbers between 0 and 1 that add up to 1, such as [0.8,0.1,0.1]",
            )
    else:
        last = None
        if "folds" in check.cfg.protocol:
            check.number("protocol.folds", low=2, whole=True)
            last = check.value("protocol.folds") - 1
        check.number("protocol.fold", low=0, high=last, whole=True, instead="all")
    check.number("protocol.validation", above=0, high=0.9)


def check_augmentation(check: Checker) -> None:
    """Amounts and probabilities of every operation, and crops that fit."""
    for key in ("flip", "rotation", "affine", "resized_crop", "erasing"):
        check.number(f"augment.{key}.p", low=0, high=1)
    check.number("augment.rotation.degrees", low=0, high=180)
    check.number("augment.affine.degrees", low=0, high=180)
    check.number("augment.affine.shift", low=0, high=1)
    check.number("augment.affine.shear", low=0, high=60)
    check.pair("augment.affine.scale", 0.1, 10)
    check.pair("augment.resized_crop.scale", 0.01, 1)
    check.pair("augment.erasing.area", 0, 1)
    check.number("augment.brightness", low=0, high=1)
    check.number("augment.contrast", low=0, high=1)
    for key in ("mixup", "cutmix"):
        check.number(f"augment.{key}.alpha", low=0)
    check.number("augment.mix_probability", low=0, high=1)
    check.number("augment.crop.size", low=8, high=check.value("data.size"), whole=True, null=True)
    check.choice("augment.crop.count", (1, 5, 10))
    for key in ("augment.crop.count", "test_time.crops"):
        if check.value(key) > 1 and check.value("augment.crop.size") is None:
            check.fail(key, "several crops need augment.crop.size, the side of a crop")

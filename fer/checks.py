"""What settings of a training may be, told before torch is imported."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

from fer.checker import Checker
from fer.errors import ConfigError

DATA_SETS = ("synthetic", "fer2013")
CLASSES = 7
PROTOCOLS = (
    "official",
    "holdout",
    "random_holdout",
    "kfold",
    "random_kfold",
    "subject_kfold",
    "leave_one_subject_out",
)
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
TEST_PARTS = ("private", "public", "both")
MONITORS = tuple(f"validation/{m}" for m in ("accuracy", "balanced_accuracy", "f1_macro", "loss"))


def check_training(cfg: DictConfig) -> None:
    """Refuses settings that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    for part in (_general, _data, _protocol, _augment, _model, _optimisation, _loss, _trainer):
        part(check)


def check_evaluation(cfg: DictConfig) -> None:
    """Refuses settings of `fer.evaluate` that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    check.text("run")
    check.text("part")
    check.text("data_path", null=True)
    check.choice("progress", ("auto", "none"))
    check.choice("flip", (None, True, False))
    check.choice("crops", (None, 1, 5, 10))
    check.choice("accelerator", ACCELERATORS)
    if cfg.get("data") is not None:
        _data(check)


def _general(check: Checker) -> None:
    for key in ("name", "model.name"):
        check.word(key)
    check.word("tag", null=True)
    for key in ("paths.outputs", "paths.data", "paths.cache"):
        check.text(key)
    check.number("seed", low=0, high=2**31, whole=True)
    check.flag("restart")
    check.flag("test_time.flip")
    check.choice("test_time.crops", (1, 5, 10))
    check.choice("logger.mode", ("offline", "online", "disabled"))
    check.text("logger.project")
    check.text("logger.entity", null=True)
    check.text("logger.group", null=True)
    check.flag("logger.checkpoint")
    if not OmegaConf.is_list(check.value("logger.tags")):
        check.fail("logger.tags", "it is a list of words such as [first,long]")


def _data(check: Checker) -> None:
    check.choice("data.name", DATA_SETS)
    check.text("data.path", null=True)
    check.flag("data.download")
    if check.value("data.name") == "synthetic":
        for key in ("train", "validation", "test"):
            check.number(f"data.{key}", low=1, high=140_000, whole=True)
        check.number("data.drawing_seed", low=0, whole=True)
    check.choice("data.on_bad_file", ("stop", "skip"))
    check.number("data.size", low=16, high=1024, whole=True)
    check.choice("data.channels", (1, 3))
    check.number("data.images_per_class", low=1, whole=True, null=True)
    check.number("data.batch_size", low=1, whole=True)
    check.choice("data.sampler", ("shuffle", "balanced"))


def _protocol(check: Checker) -> None:
    name = check.value("protocol.name")
    validation = check.value("protocol.validation")
    check.choice("protocol.name", PROTOCOLS)
    check.number("protocol.seed", low=0, high=2**31, whole=True)
    if name == "official":
        check.choice("protocol.test", TEST_PARTS)
        if isinstance(validation, str):
            check.choice("protocol.validation", ("public", "private"))
            if check.value("protocol.test") in (validation, "both"):
                raise ConfigError(
                    f"protocol.validation={validation} and protocol.test="
                    f"{check.value('protocol.test')} share images: what is tested must not select "
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
        check.number("protocol.fold", low=0, whole=True)
        if "folds" in check.cfg.protocol:
            check.number("protocol.folds", low=2, whole=True)
            check.number("protocol.fold", low=0, high=check.value("protocol.folds") - 1, whole=True)
    check.number("protocol.validation", above=0, high=0.9)


def _augment(check: Checker) -> None:
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
    check.number("augment.crop.size", low=8, high=check.value("data.size"), whole=True, null=True)
    check.choice("augment.crop.count", (1, 5, 10))
    for key in ("augment.crop.count", "test_time.crops"):
        if check.value(key) > 1 and check.value("augment.crop.size") is None:
            check.fail(key, "several crops need augment.crop.size, the side of a crop")


def _model(check: Checker) -> None:
    check.choice("model.kind", ("transfer",))
    check.text("model.backbone")
    check.text("model.weights")
    check.choice("model.stem_stride", (None, 1, 2, 4))
    check.number("model.frozen_stages", low=0, whole=True)
    check.number("model.dropout", low=0, high=0.99)
    check.number("model.drop_path", low=0, high=0.99)
    patterns = check.value("model.train_only")
    if patterns is not None:
        if not OmegaConf.is_list(patterns) or not all(isinstance(p, str) for p in patterns):
            check.fail(
                "model.train_only", "it is a list of name patterns such as ['fc.*'], or null"
            )
        if check.value("model.frozen_stages"):
            raise ConfigError(
                "model.train_only and model.frozen_stages exclude each other: set one"
            )
    norm = check.value("model.normalisation")
    if norm not in ("auto", "dataset") and not _is_normalisation(
        norm, check.value("data.channels")
    ):
        check.fail(
            "model.normalisation",
            "auto, dataset, or [mean, deviation] on the scale 0 to 1, each a number or one for "
            "each channel",
        )


def _is_normalisation(norm: Any, channels: int) -> bool:
    """Whether it is [mean, deviation], each a number or a list with one for each channel."""
    if not OmegaConf.is_list(norm) or len(norm) != 2:
        return False
    mean, deviation = ([v] * channels if isinstance(v, (int, float)) else v for v in norm)
    return all(OmegaConf.is_list(v) or isinstance(v, list) for v in (mean, deviation)) and all(
        len(v) == channels and all(isinstance(x, (int, float)) and x >= low for x in v)
        for v, low in ((mean, 0), (deviation, 1e-6))
    )


def _optimisation(check: Checker) -> None:
    check.text("optimizer.name")
    check.number("optimizer.lr", above=0)
    check.number("optimizer.backbone_scale", low=0)
    check.number("optimizer.weight_decay", low=0)
    check.number("optimizer.momentum", low=0, high=0.9999)
    check.choice("scheduler.name", ("constant", "cosine", "onecycle", "step", "plateau"))
    for key in ("warmup_epochs", "patience_epochs", "decay_start"):
        if key in check.cfg.scheduler:
            check.number(f"scheduler.{key}", low=0, whole=True)
    if "decay_epochs" in check.cfg.scheduler:
        check.number("scheduler.decay_epochs", low=1, whole=True)
    for key in ("warmup_lr", "min_lr"):
        if key in check.cfg.scheduler:
            check.number(f"scheduler.{key}", low=0)
    for key in ("rise", "decay_rate"):
        if key in check.cfg.scheduler:
            check.number(f"scheduler.{key}", low=0, high=1)


def _loss(check: Checker) -> None:
    check.choice("loss.name", ("cross_entropy", "focal"))
    check.number("loss.smoothing", low=0, high=0.99)
    check.number("loss.mixup", low=0)
    if "gamma" in check.cfg.loss:
        check.number("loss.gamma", low=0)
    weights = check.value("loss.class_weights")
    if OmegaConf.is_list(weights):
        fits = all(isinstance(w, (int, float)) and w >= 0 for w in weights)
        if len(weights) != CLASSES or not fits or not any(weights):
            check.fail("loss.class_weights", f"{CLASSES} numbers from 0, one per class, not all 0")
    else:
        check.choice("loss.class_weights", (None, "balanced"))


def _trainer(check: Checker) -> None:
    check.number("trainer.max_epochs", low=1, whole=True)
    monitor = check.value("trainer.monitor")
    if not isinstance(monitor, str) or not monitor.startswith("validation/"):
        check.fail(
            "trainer.monitor",
            "the best epoch is picked on a validation metric such as validation/accuracy, "
            "validation/f1_macro or validation/loss; the test part is looked at once, at the end",
        )
    check.choice("trainer.monitor", MONITORS)
    check.choice("trainer.monitor_mode", ("max", "min"))
    if (check.value("trainer.monitor_mode") == "min") != monitor.endswith("loss"):
        check.fail(
            "trainer.monitor_mode",
            f"{monitor} is better when {'low' if 'loss' in monitor else 'high'}",
        )
    check.number("trainer.patience", low=1, whole=True, null=True)
    check.choice("trainer.accelerator", ACCELERATORS)
    if check.value("trainer.devices") != 1:
        check.fail("trainer.devices", "one device a job; run several jobs side by side instead")
    check.choice("trainer.precision", (32, "32-true", "bf16-mixed", "16-mixed"))
    check.number("trainer.accumulate", low=1, whole=True)
    check.number("trainer.clip_norm", above=0, null=True)
    check.number("trainer.clip_value", above=0, null=True)
    if check.value("trainer.clip_norm") and check.value("trainer.clip_value"):
        raise ConfigError("trainer.clip_norm and trainer.clip_value exclude each other: set one")
    for key in ("channels_last", "compile", "deterministic"):
        check.flag(f"trainer.{key}")
    check.number("trainer.threads", low=1, whole=True, null=True)
    check.choice("trainer.progress", ("auto", "bar", "lines", "none"))

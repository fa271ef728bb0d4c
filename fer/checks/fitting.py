"""What settings of optimiser, schedule, loss and trainer may be."""

from __future__ import annotations

from omegaconf import OmegaConf

from fer.checks.checker import Checker
from fer.errors import ConfigError

PRECISIONS = (32, "32-true", "bf16-mixed", "16-mixed")
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps")
SCHEDULES = ("constant", "cosine", "onecycle", "step", "plateau", "warm_restarts")
MONITORS = tuple(f"validation/{m}" for m in ("accuracy", "balanced_accuracy", "f1_macro", "loss"))


def check_optimisation(check: Checker) -> None:
    """Optimiser and schedule; what only timm can judge is refused later."""
    check.text("optimizer.name")
    check.number("optimizer.lr", above=0)
    check.number("optimizer.backbone_scale", low=0)
    check.number("optimizer.layer_decay", above=0, high=1)
    check.number("optimizer.weight_decay", low=0)
    check.number("optimizer.momentum", low=0, high=0.9999)
    check.choice("scheduler.name", SCHEDULES)
    for key in ("warmup_epochs", "patience_epochs", "decay_start"):
        if key in check.cfg.scheduler:
            check.number(f"scheduler.{key}", low=0, whole=True)
    if "decay_epochs" in check.cfg.scheduler:
        check.number("scheduler.decay_epochs", low=1, whole=True)
    for key in ("warmup_lr", "min_lr"):
        if key in check.cfg.scheduler:
            check.number(f"scheduler.{key}", low=0)
    if "cycle_epochs" in check.cfg.scheduler:
        check.number("scheduler.cycle_epochs", low=1, whole=True)
        check.number("scheduler.cycle_growth", low=1)
    for key in ("rise", "decay_rate", "cycle_decay"):
        if key in check.cfg.scheduler:
            check.number(f"scheduler.{key}", low=0, high=1)


def check_loss(check: Checker) -> None:
    """The loss, its class weights, and what gives it probabilities to aim at.

    Raises:
        ConfigError: One of them cannot work, or does not go with another.
    """
    check.choice("loss.name", ("cross_entropy", "focal", "multi_target"))
    many = check.value("data.labels") == "multi_target"
    if many != (check.value("loss.name") == "multi_target"):
        raise ConfigError(
            f"loss={check.value('loss.name')} and data.labels={check.value('data.labels')} do not "
            "go together: loss=multi_target and data.labels=multi_target (of data=ferplus) do"
        )
    if many and check.value("loss.class_weights") is not None:
        check.fail("loss.class_weights", "multi_target has none: null")
    for key in ("augment.mixup.alpha", "augment.cutmix.alpha"):
        if many and check.value(key):
            check.fail(key, "loss=multi_target aims at sets of classes, which cannot be mixed: 0")
    if many and check.value("data.conflicts") == "soft":
        check.fail("data.conflicts", "loss=multi_target aims at sets of classes: keep or drop")
    check.number("loss.smoothing", low=0, high=0.99)
    if "gamma" in check.cfg.loss:
        check.number("loss.gamma", low=0)
    weights = check.value("loss.class_weights")
    if OmegaConf.is_list(weights):
        fits = all(isinstance(w, (int, float)) and w >= 0 for w in weights)
        if not fits or not any(weights):
            check.fail("loss.class_weights", "numbers from 0, one per class, not all 0")
    else:
        check.choice("loss.class_weights", (None, "balanced"))


def check_distillation(check: Checker) -> None:
    """A teacher's share in the loss.

    Raises:
        ConfigError: One of them cannot work, or does not go with another.
    """
    check.text("distillation.teacher", null=True)
    check.number("distillation.temperature", above=0)
    check.number("distillation.weight", low=0, high=1)
    if check.value("distillation.teacher") and check.value("model.join") == "mean":
        raise ConfigError("distillation.teacher: nothing learns with model.join=mean; set it null")


def check_trainer(check: Checker) -> None:
    """Length, device and precision; only validation may pick the best epoch.

    Raises:
        ConfigError: One of them cannot work, or does not go with another.
    """
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
    check.choice("trainer.precision", PRECISIONS)
    check.number("trainer.accumulate", low=1, whole=True)
    check.number("trainer.checkpoint_steps", low=1, whole=True, null=True)
    check.number("trainer.clip_norm", above=0, null=True)
    check.number("trainer.clip_value", above=0, null=True)
    if check.value("trainer.clip_norm") and check.value("trainer.clip_value"):
        raise ConfigError("trainer.clip_norm and trainer.clip_value exclude each other: set one")
    decay = check.value("trainer.ema_decay")
    if decay is not None and not (isinstance(decay, float) and 0 < decay < 1):
        check.fail("trainer.ema_decay", "it is a number above 0 and below 1, or null")
    for key in ("channels_last", "compile", "deterministic"):
        check.flag(f"trainer.{key}")
    check.number("trainer.threads", low=1, whole=True, null=True)
    check.choice("trainer.progress", ("auto", "bar", "lines", "none"))

"""Settings that cannot work are refused with the key, the value and what is allowed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from fer.checks import check_training
from fer.config import CONF
from fer.errors import ConfigError
from tests.checks.refusing import check_refused
from tests.composing import composed

REFUSED = [
    ("name='a b'", "name=a b names a folder"),
    ("name=..", "name=.. folder"),
    ("name=''", "name= text"),
    ("seed=-1", "seed=-1 whole number from 0"),
    ("seed=1.5", "seed=1.5 whole number"),
    ("trials=0", "trials=0 whole number from 1"),
    ("trials=all", "trials=all whole number from 1"),
    ("restart=yes_please", "restart=yes_please true or false"),
    ("sure_accuracy=90", "sure_accuracy=90 above 0 to 1"),
    ("test_time.flip=1", "test_time.flip=1 true or false"),
    ("test_time.crops=3", "test_time.crops=3 1, 5, 10"),
    ("logger.timeout=0", "logger.timeout=0 above 0 to 3600"),
    ("logger.mode=on", "logger.mode=on offline, online, disabled"),
]
ACCEPTED = [
    "",
    "name=a-b_c.2 seed=7 trainer.patience=3",
    "protocol.validation=0.2",
    "protocol.validation=0.1 protocol.test=both",
    "protocol.validation=private protocol.test=public",
    "protocol.validation=validation protocol.test=test",
    "protocol=holdout protocol.ratios=[0.8,0.2]",
    "data=affectnet data.contempt=leave_out protocol.validation=0.1",
    "data=ckplus loss.class_weights=[1,1,1,1,1,1,1,2] protocol=kfold",
    "protocol=kfold protocol.folds=10 protocol.fold=9",
    "protocol=subject_kfold protocol.fold=all trials=5",
    "protocol=leave_one_subject_out protocol.fold=all data.frames=3",
    "augment.crop.size=40 augment.crop.count=10 test_time.crops=5 test_time.flip=true",
    "model.train_only=[fc.*]",
    "data.progressive={0:32,4:48} model.unfreeze={0:5,2:3,4:0} trainer.ema_decay=0.999",
    "model=slim model.width=3.5 data.progressive={0:40} optimizer.layer_decay=0.7",
    "augment.mixup.alpha=0.2 loss=focal data.conflicts=soft data.duplicates_of_test=drop",
    "model.extra_channels=[hos,lbp] data.channels=3",
    "model=classical model.descriptor=lpq model.classifier=gmm model.components=20",
    "model=cnn1 model.dense=[] model.train_only=[output.*]",
    "model=vgg19 data.size=40 augment.crop.size=32",
    "model=resnet50_mlp model.backbone=densenet121 model.attention_heads=8",
    "model.frozen_stages=5 model.stem_stride=1 model.normalisation=[0.5,0.25]",
    "loss.class_weights=[1,2,1,1,1,1,0] scheduler.rise=1",
    "loss.class_weights=balanced loss=focal",
    "data.oversample={disgust:4,fear:1} distillation.teacher=outputs/a distillation.weight=1",
    "model=blend model.members=outputs/a/* model.join=features",
    "model=blend model.members=[outputs/a,outputs/b/cnn-*]",
    "data=ferplus data.labels=multi_target loss=multi_target",
    "data=ferplus data.contempt=leave_out loss.class_weights=[1,1,1,1,1,1,1]",
    "pseudo.run=outputs/run pseudo.path=faces pseudo.confidence=0.5",
    "trainer.monitor=validation/loss trainer.monitor_mode=min",
    "trainer.precision=bf16-mixed trainer.clip_norm=1 data.images_per_class=5",
]


@pytest.mark.parametrize(("overrides", "words"), REFUSED, ids=[case for case, _ in REFUSED])
def test_refused(overrides: str, words: str) -> None:
    check_refused(overrides, words)


@pytest.mark.parametrize("overrides", ACCEPTED)
def test_accepted(overrides: str) -> None:
    check_training(composed(*overrides.split()))


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("optimizer.learning_rate=1", "learning_rate"),
        ("model=resnet19", "resnet19"),
        ("scheduler=plateau scheduler.warmup_epochs=3", "warmup_epochs"),
    ],
)
def test_unknown_keys_and_choices_never_pass(override: str, word: str) -> None:
    with pytest.raises((HydraException, OmegaConfBaseException), match=word):
        composed(*override.split())


def test_a_value_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"model\.backbone|model\.nothing"):
        composed("model.backbone=${model.nothing}")


def test_nothing_heavy_is_imported_for_a_refusal() -> None:
    code = (
        "import sys, fer.train, fer.checks, fer.config\n"
        "heavy = {'torch', 'lightning', 'wandb', 'timm', 'kornia', 'sklearn', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_a_refusal_is_one_message_and_status_2() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "fer.train", "trainer.monitor=test/loss"]
    told = subprocess.run(command, capture_output=True, text=True, cwd=CONF.parent, timeout=60)
    assert told.returncode == 2
    lines = [line for line in told.stderr.splitlines() if not line.startswith("import time:")]
    assert len(lines) == 1 and lines[0].startswith("error: trainer.monitor=test/loss cannot be:")
    assert not any(line.endswith("| torch") for line in told.stderr.splitlines())

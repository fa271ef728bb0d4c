"""Settings of optimiser, schedule, loss and trainer that cannot work."""

from __future__ import annotations

import pytest

from tests.checks.refusing import check_refused

REFUSED = [
    ("optimizer.lr=0", "optimizer.lr=0 above 0"),
    ("optimizer.lr=fast", "optimizer.lr=fast number"),
    ("optimizer.weight_decay=-1", "optimizer.weight_decay=-1 from 0"),
    ("optimizer.layer_decay=0", "optimizer.layer_decay=0 above 0 to 1"),
    ("optimizer.momentum=1", "optimizer.momentum=1 to 0.9999"),
    ("scheduler.name=linear", "scheduler.name=linear constant, cosine, onecycle"),
    ("scheduler=onecycle scheduler.rise=1.5", "scheduler.rise=1.5 from 0 to 1"),
    ("scheduler=step scheduler.decay_epochs=0", "scheduler.decay_epochs=0 from 1"),
    ("scheduler=cosine scheduler.warmup_epochs=0.5", "scheduler.warmup_epochs=0.5 whole"),
    ("scheduler=warm_restarts scheduler.cycle_epochs=0", "scheduler.cycle_epochs=0 from 1"),
    ("scheduler=warm_restarts scheduler.cycle_growth=0.5", "scheduler.cycle_growth=0.5 from 1"),
    ("scheduler=warm_restarts scheduler.cycle_decay=2", "scheduler.cycle_decay=2 from 0 to 1"),
    ("scheduler=plateau scheduler.patience_epochs=-1", "scheduler.patience_epochs=-1 from 0"),
    ("loss.smoothing=1", "loss.smoothing=1 from 0 to 0.99"),
    ("loss.class_weights=[0,0,0,0,0,0,0]", "loss.class_weights not all 0"),
    ("loss.class_weights=[1,1,1,1,1,1,-1]", "loss.class_weights numbers from 0 one per class"),
    ("loss.class_weights=inverse", "loss.class_weights=inverse null, balanced"),
    ("loss=focal loss.gamma=-1", "loss.gamma=-1 from 0"),
    ("distillation.teacher=3", "distillation.teacher=3 text null"),
    ("distillation.temperature=0", "distillation.temperature=0 above 0"),
    ("distillation.weight=1.5", "distillation.weight=1.5 from 0 to 1"),
    (
        "model=blend model.join=mean distillation.teacher=outputs/a",
        "distillation.teacher nothing learns model.join=mean",
    ),
    # trainer
    (
        "trainer.monitor=test/accuracy",
        "trainer.monitor=test/accuracy validation metric looked at once",
    ),
    ("trainer.monitor=train/accuracy", "trainer.monitor=train/accuracy validation metric"),
    ("trainer.monitor=accuracy", "trainer.monitor=accuracy validation/accuracy"),
    ("trainer.monitor=validation/f1", "trainer.monitor=validation/f1 validation/f1_macro"),
    ("trainer.monitor=null", "trainer.monitor=null validation metric"),
    ("trainer.monitor=validation/loss", "trainer.monitor_mode=max better when low"),
    ("trainer.monitor_mode=min", "trainer.monitor_mode=min better when high"),
    ("trainer.max_epochs=0", "trainer.max_epochs=0 from 1"),
    ("trainer.ema_decay=1", "trainer.ema_decay=1 above 0 below 1 null"),
    ("trainer.ema_decay=0.0", "trainer.ema_decay=0.0 above 0 below 1"),
    ("trainer.patience=0", "trainer.patience=0 from 1 null"),
    ("trainer.precision=16", "trainer.precision=16 32-true, bf16-mixed, 16-mixed"),
    ("trainer.accelerator=tpu", "trainer.accelerator=tpu auto, cpu, gpu"),
    ("trainer.devices=0", "trainer.devices=0 from 1"),
    ("trainer.devices=3", "data.batch_size=64 3 processes multiple of 3"),
    ("trainer.nodes=2", "trainer.nodes=2 torchrun"),
    ("trainer.sync_batchnorm=true", "trainer.sync_batchnorm=true one process"),
    ("trainer=ddp trainer.accelerator=mps", "trainer.accelerator=mps one device"),
    ("trainer=ddp model=lbp_svm", "model.kind=classical one process"),
    ("trainer.accumulate=0", "trainer.accumulate=0 from 1"),
    ("trainer.clip_norm=0", "trainer.clip_norm=0 above 0 null"),
    ("trainer.deterministic=warn", "trainer.deterministic=warn true or false"),
    ("trainer.threads=0", "trainer.threads=0 from 1"),
    ("trainer.progress=yes", "trainer.progress=yes auto, bar, lines, none"),
]


@pytest.mark.parametrize(("overrides", "words"), REFUSED, ids=[case for case, _ in REFUSED])
def test_refused(overrides: str, words: str) -> None:
    check_refused(overrides, words)

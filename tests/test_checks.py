"""Settings that cannot work are refused with the key, the value and what is allowed."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from fer.checks import check_training
from fer.checks.classes import check_classes
from fer.config import CONF
from fer.data.faces import SEVEN
from fer.errors import ConfigError
from tests.composing import composed

REFUSED = [
    # general
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
    # data
    ("data.name=imagenet", "data.name=imagenet synthetic, fer2013"),
    ("data=ferplus data.labels=soft", "data.labels=soft majority, probability, cross_entropy"),
    ("data=ferplus data.contempt=false", "data.contempt=false keep, leave_out"),
    ("data=ferplus data.labels=multi_target", "data.labels=multi_target loss=multi_target"),
    ("loss=multi_target", "loss=multi_target data.labels=multi_target data=ferplus"),
    ("data.on_bad_file=ignore", "data.on_bad_file stop, skip"),
    ("data.size=8", "data.size=8 from 16 to 1024"),
    ("data.channels=2", "data.channels=2 1, 3"),
    ("data.progressive=40", "data.progressive=40 maps epochs rise {0:40,6:48} null"),
    ("data.progressive={1:40}", "data.progressive={1: 40} the first 0"),
    ("data.progressive={0:40,3:64}", "data.progressive 16 to 48"),
    ("data.progressive={0:48,3:40}", "data.progressive rise"),
    ("data.progressive={0:40,2.5:48}", "data.progressive whole numbers"),
    ("model=cnn1 data.progressive={0:40}", "data.progressive model=cnn1 one side null"),
    ("data.conflicts=mean", "data.conflicts=mean keep, drop, soft"),
    ("model=lbp_svm data.conflicts=soft", "data.conflicts=soft keep or drop"),
    ("data.duplicates_of_test=true", "data.duplicates_of_test=true keep, drop"),
    (
        "data=ferplus data.labels=multi_target loss=multi_target data.conflicts=soft",
        "data.conflicts=soft loss=multi_target keep or drop",
    ),
    ("data.batch_size=0", "data.batch_size=0 whole number from 1"),
    ("data.batch_size=64.5", "data.batch_size=64.5 whole number"),
    ("data.images_per_class=0", "data.images_per_class=0 from 1 null"),
    ("data.sampler=weighted", "data.sampler=weighted shuffle, balanced"),
    ("data=ckplus data.last_frames=0", "data.last_frames=0 from 1"),
    ("data=ckplus data.neutral=last", "data.neutral=last first, none"),
    ("data=ckplus data.contempt=false", "data.contempt=false keep, leave_out"),
    ("data=affectnet data.contempt=no", "data.contempt keep, leave_out"),
    ("data=rafdb data.pictures=basic", "data.pictures=basic aligned, original"),
    ("data=folder data.classes=own", "data.classes=own expressions, folders"),
    ("data=jaffe data.faces.size=[8,8]", "data.faces.size=[8, 8] from 16 to 1024"),
    ("data=sfew data.exclude=3", "data.exclude=3 text null"),
    ("data.oversample={disgust:0}", "data.oversample 0 whole numbers from 1 {disgust:4}"),
    ("data.oversample={disgust:1.5}", "data.oversample 1.5 whole numbers"),
    ("data.oversample=4", "data.oversample=4 maps classes"),
    ("data.oversample={fear:2} data.sampler=balanced", "data.oversample sampler exclude"),
    ("data.processes=0", "data.processes=0 1"),
    ("data.shuffle_window=64", "data.shuffle_window=64 1024"),
    ("data.shuffle_window=2048 data.sampler=balanced", "data.shuffle_window data.sampler=shuffle"),
    # pseudo-labels
    ("pseudo.run=outputs/run", "pseudo.path=null pseudo.run needs it"),
    ("pseudo.path=faces", "pseudo.run=null pseudo.path needs it"),
    ("pseudo.confidence=90", "pseudo.confidence=90 from 0 to 1"),
    # protocol
    ("protocol.test=training", "protocol.test=training private, public, both"),
    ("protocol.validation=training", "protocol.validation=training public, private"),
    (
        "protocol.validation=validation protocol.test=validation",
        "protocol.test=validation private, public, both, test",
    ),
    ("protocol.validation=private", "protocol.validation=private protocol.test=private share"),
    ("protocol.test=both", "protocol.validation=public protocol.test=both share images 0.1"),
    ("protocol.validation=0", "protocol.validation=0 above 0 to 0.9"),
    ("protocol.validation=1.0", "protocol.validation=1.0 to 0.9"),
    ("protocol.seed=-3", "protocol.seed=-3 whole number from 0"),
    ("protocol=holdout protocol.ratios=[0.8,0.3]", "protocol.ratios=[0.8, 0.3] add up to 1"),
    ("protocol=holdout protocol.ratios=[1.2,-0.2]", "protocol.ratios between 0 and 1"),
    ("protocol=holdout protocol.ratios=[1]", "protocol.ratios=[1] two or three numbers"),
    ("protocol=random_holdout protocol.ratios=0.8", "protocol.ratios=0.8 two or three"),
    ("protocol=holdout protocol.ratios=[0.8,half]", "protocol.ratios two or three numbers"),
    ("protocol=kfold protocol.folds=1", "protocol.folds=1 from 2"),
    ("protocol=kfold protocol.fold=5", "protocol.fold=5 from 0 to 4"),
    ("protocol=kfold protocol.fold=every", "protocol.fold=every from 0 to 4 or all"),
    ("data.frames=0", "data.frames=0 whole number from 1 to 100"),
    ("protocol=random_kfold protocol.fold=-1", "protocol.fold=-1 from 0"),
    ("protocol=leave_one_subject_out protocol.fold=x", "protocol.fold=x whole number"),
    # augmentation
    ("augment.flip.p=1.5", "augment.flip.p=1.5 from 0 to 1"),
    ("augment.rotation.degrees=-10", "augment.rotation.degrees=-10 from 0 to 180"),
    ("augment.affine.shift=2", "augment.affine.shift=2 from 0 to 1"),
    ("augment.affine.scale=[1.2,0.8]", "augment.affine.scale=[1.2, 0.8] [from, to]"),
    ("augment.affine.scale=1.1", "augment.affine.scale=1.1 [from, to]"),
    ("augment.resized_crop.scale=[0.5,2]", "augment.resized_crop.scale 0.01 to 1"),
    ("augment.brightness=-0.2", "augment.brightness=-0.2 from 0 to 1"),
    ("augment.contrast=none", "augment.contrast=none a number"),
    ("augment.mixup.alpha=-0.2", "augment.mixup.alpha=-0.2 from 0"),
    ("augment.cutmix.alpha=on", "augment.cutmix.alpha=on number"),
    ("augment.mix_probability=2", "augment.mix_probability=2 from 0 to 1"),
    (
        "data=ferplus data.labels=multi_target loss=multi_target augment.cutmix.alpha=1",
        "augment.cutmix.alpha=1 loss=multi_target",
    ),
    ("augment.crop.size=49", "augment.crop.size=49 from 8 to 48 null"),
    ("augment.crop.count=5", "augment.crop.count=5 augment.crop.size"),
    ("test_time.crops=10", "test_time.crops=10 augment.crop.size"),
    ("augment.crop.size=40 augment.crop.count=4", "augment.crop.count=4 1, 5, 10"),
    # model
    ("model.kind=forest", "model.kind=forest transfer, cnn"),
    ("model.frozen_stages=-1", "model.frozen_stages=-1 from 0"),
    ("model.frozen_stages=two", "model.frozen_stages=two whole number"),
    ("model.unfreeze={0:2,3:4}", "model.unfreeze={0: 2, 3: 4} fall {0:5,2:3,4:0}"),
    ("model.unfreeze=[5,0]", "model.unfreeze=[5, 0] maps epochs"),
    ("model.unfreeze={0:5,2:0} model.frozen_stages=1", "model.unfreeze frozen_stages exclude"),
    ("model.unfreeze={0:5,2:0} model.train_only=[fc.*]", "model.unfreeze train_only exclude"),
    ("model.trunk_cache=-1", "model.trunk_cache=-1 whole number from 0"),
    ("model.trunk_cache=true", "model.trunk_cache=true whole number"),
    ("model.trunk_cache=2", "model.trunk_cache=2 whole backbone frozen model.frozen_stages"),
    ("model.trunk_cache=2 model.train_only=[fc.*]", "model.trunk_cache=2 model.frozen_stages"),
    ("model.trunk_cache=2 model.unfreeze={0:5,2:0}", "model.trunk_cache=2 model.frozen_stages"),
    *(
        (f"model.frozen_stages=5 model.trunk_cache=2 {setting}", f"{setting} model.trunk_cache=2")
        for setting in (
            "model.drop_path=0.1",
            "augment.mixup.alpha=0.2",
            "augment.cutmix.alpha=1.0",
            "distillation.teacher=outputs/run",
            "trainer.compile=true",
        )
    ),
    (
        "model.frozen_stages=5 model.trunk_cache=2 data.progressive={0:40}",
        "data.progressive model.trunk_cache=2 from epoch to epoch",
    ),
    ("model=slim model.frozen_stages=4 model.trunk_cache=1 model.dropout=0.3", "model.dropout=0.3"),
    ("model=slim model.depth=18", "model.depth=18 10, 16, 22"),
    ("model=slim model.width=0", "model.width=0 from 0.5"),
    ("model=slim model.weights=imagenet", "model.weights=imagenet none"),
    ("model=slim model.stem_stride=4", "model.stem_stride=4 null, 1, 2"),
    ("model.stem_stride=3", "model.stem_stride=3 null, 1, 2, 4"),
    ("model.dropout=1", "model.dropout=1 from 0 to 0.99"),
    ("model.train_only=fc", "model.train_only=fc list of name patterns"),
    ("model.train_only=[fc.*] model.frozen_stages=2", "model.train_only frozen_stages exclude"),
    ("model.normalisation=imagenet", "model.normalisation=imagenet auto, dataset"),
    ("model.normalisation=[0.5,0]", "model.normalisation=[0.5, 0] mean, deviation"),
    ("model.weights=null", "model.weights=null text"),
    ("model=blend model.members=[]", "model.members=[] list of run folders, or a pattern"),
    ("model=blend model.members=[3]", "model.members=[3] list of run folders"),
    ("model=blend model.members=null", "model.members=null list of run folders"),
    ("model=blend model.join=sum", "model.join=sum logits, features, mean"),
    ("model.extra_channels=[hog]", "model.extra_channels=['hog'] [] [lbp] [hos]"),
    ("model.extra_channels=lbp", "model.extra_channels=lbp [] [lbp]"),
    ("model.extra_channels=[lbp,lbp]", "model.extra_channels [lbp,hos]"),
    (
        "model.extra_channels=[lbp] model.weights=imagenet model.frozen_stages=1",
        "model.extra_channels ImageNet model.frozen_stages=0",
    ),
    ("model=lbp_svm model.descriptor=sift", "model.descriptor=sift lbp, lpq, phog, pixels"),
    ("model=lbp_svm model.classifier=tree", "model.classifier=tree svm, lda_knn, gmm"),
    ("model=lbp_svm model.c=[]", "model.c=[] list of numbers above 0"),
    ("model=lbp_svm model.c=1", "model.c=1 list of numbers"),
    ("model=lbp_svm model.c=[1,0]", "model.c=[1, 0] above 0"),
    ("model=lbp_svm model.kernel=poly", "model.kernel=poly rbf, linear"),
    ("model=lbp_svm model.lbp.cells=0", "model.lbp.cells=0 from 1"),
    ("model=lpq_svm model.lpq.window=4", "model.lpq.window=4 3, 5, 7"),
    ("model=phog_svm model.phog.levels=-1", "model.phog.levels=-1 from 0"),
    ("model=pca_svm model.components=0", "model.components=0 from 1 null"),
    ("model=lda_knn model.neighbours=[0.5]", "model.neighbours=[0.5] whole numbers from 1"),
    ("model=gmm model.mixtures=[true]", "model.mixtures=[True] whole numbers from 1"),
    ("model=gmm model.covariance=tied", "model.covariance=tied diag, full"),
    ("model=gmm trainer.compile=true", "trainer.compile=true no network"),
    # optimiser, schedule, loss, teacher
    ("model=cnn1 model.network=cnn4", "model.network=cnn4 cnn1, cnn2, cnn3"),
    ("model=cnn1 model.weights=imagenet", "model.weights=imagenet none, a file run folder"),
    ("model=cnn1 model.dense=[0]", "model.dense=[0] whole numbers from 1"),
    ("model=cnn1 model.dense=512", "model.dense=512 list"),
    ("model=cnn1 model.frozen_stages=-1", "model.frozen_stages=-1 from 0"),
    ("model=cnn1 model.dropout=1", "model.dropout=1 from 0 to 0.99"),
    ("model=vgg16 data.size=24", "data.size=24 model.network=vgg16 32 pixels"),
    ("model=vgg16 augment.crop.size=30", "augment.crop.size=30 model.network=vgg16 32 pixels"),
    ("model=resnet50_mlp model.head_widths=[]", "model.head_widths=[] 1 or more"),
    ("model=resnet50_mlp model.attention_heads=-1", "model.attention_heads=-1 from 0"),
    ("model=resnet50_mlp data.batch_size=1", "data.batch_size=1 from 2"),
    # optimiser, schedule, loss
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
    with pytest.raises(ConfigError) as refusal:
        check_training(composed(*split(overrides)))
    message = str(refusal.value)
    key, _, rest = words.partition(" ")
    assert key in message
    missing = [word for word in rest.split() if word not in message]
    assert not missing, f"{message!r} lacks {missing}"


def split(overrides: str) -> list[str]:
    """Overrides, where blanks inside quotes belong to one."""
    return [overrides] if "'" in overrides else overrides.split()


EIGHT = (*SEVEN, "contempt")


@pytest.mark.parametrize(
    ("overrides", "classes", "words"),
    [
        (
            "loss.class_weights=[1,2,3]",
            SEVEN,
            "loss.class_weights=[1, 2, 3] 7 numbers one per class",
        ),
        ("loss.class_weights=[1,1,1,1,1,1,1]", EIGHT, "loss.class_weights 8 numbers contempt"),
        ("data.oversample={contempt:2}", SEVEN, "data.oversample contempt angry, disgust"),
    ],
)
def test_classes_that_the_data_does_not_have_are_refused(
    overrides: str, classes: tuple[str, ...], words: str
) -> None:
    chosen = composed(overrides)
    check_training(chosen)
    with pytest.raises(ConfigError) as refusal:
        check_classes(chosen, classes)
    assert not [word for word in words.split() if word not in str(refusal.value)]


@pytest.mark.parametrize(
    ("overrides", "classes"),
    [
        ("loss.class_weights=[1,1,1,1,1,1,1,1]", EIGHT),
        ("loss.class_weights=balanced", EIGHT),
        ("data.oversample={contempt:2,fear:3}", EIGHT),
        ("seed=0", SEVEN),
    ],
)
def test_classes_that_the_data_has_are_accepted(overrides: str, classes: tuple[str, ...]) -> None:
    check_classes(composed(overrides), classes)


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

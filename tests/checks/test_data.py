"""Settings of data, protocol and augmentation that cannot work."""

from __future__ import annotations

import pytest

from tests.checks.refusing import check_refused

REFUSED = [
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
]


@pytest.mark.parametrize(("overrides", "words"), REFUSED, ids=[case for case, _ in REFUSED])
def test_refused(overrides: str, words: str) -> None:
    check_refused(overrides, words)

"""Settings of models that cannot work."""

from __future__ import annotations

import pytest

from tests.checks.refusing import check_refused

REFUSED = [
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
            "data.shuffle_window=4096",
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
]


@pytest.mark.parametrize(("overrides", "words"), REFUSED, ids=[case for case, _ in REFUSED])
def test_refused(overrides: str, words: str) -> None:
    check_refused(overrides, words)

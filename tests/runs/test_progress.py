"""The bar of a training that goes on within an epoch."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fer.runs.progress import EpochBar


def test_it_shows_where_the_training_is() -> None:
    batches = SimpleNamespace(current=SimpleNamespace(ready=50))
    loop = SimpleNamespace(epoch_loop=SimpleNamespace(batch_progress=batches))
    trainer: Any = SimpleNamespace(
        max_epochs=2, num_training_batches=100, current_epoch=1, fit_loop=loop
    )
    module: Any = SimpleNamespace(train_metrics=SimpleNamespace(accuracy=lambda: 0.5))
    bar = EpochBar()
    bar.on_train_start(trainer, module)
    (task,) = bar.progress.tasks
    assert (task.description, task.completed) == ("epoch 2/2", 150)
    bar.on_train_batch_end(trainer, module, {"loss": 1.0}, {"faces": 64}, 50)
    bar.progress.stop()
    assert (task.completed, task.total) == (151, 200)
    assert "acc 0.500" in task.fields["figures"] and " 0 img/s" not in task.fields["figures"]

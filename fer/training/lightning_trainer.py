"""Lightning's trainer as the settings want it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from lightning import Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.plugins.environments import TorchElasticEnvironment
from lightning.pytorch.strategies import DDPStrategy
from numpy.typing import NDArray

from fer.models.averaging import EmaWeights
from fer.processes.signals import EndRequest
from fer.runs.checkpoints import SafeCheckpointIO
from fer.runs.finite import FiniteLoss
from fer.runs.folder import RunFolder
from fer.runs.progress import progress_callbacks
from fer.runs.recording import Recorder
from fer.runs.tracking import Tracker


def build_trainer(
    settings: Mapping[str, Any],
    run: RunFolder,
    tracker: Tracker,
    names: NDArray[Any],
    end: EndRequest,
    job: int,
    learns: bool,
    together: bool = False,
) -> Trainer:
    """Lightning's trainer, with this project's records instead of Lightning's.

    Args:
        settings: A whole configuration.
        run: Where it writes.
        tracker: Takes each epoch's row.
        names: Of the training faces, by the index that a batch gives, `[N]`.
        end: Whether the process was asked to end.
        job: Place in a sweep; parallel jobs take the GPUs in turn by it.
        learns: Whether any parameter does.
        together: Whether this process trains with others, in `fer.training.distributed.group`.
    """
    chosen = settings["trainer"]
    maximise = chosen["monitor_mode"] == "max"
    clip = chosen["clip_norm"] or chosen["clip_value"]
    callbacks: list[Callback] = [*progress_callbacks(chosen["progress"]), FiniteLoss(run, names)]
    if chosen["ema_decay"] is not None and learns:
        callbacks.append(EmaWeights(chosen["ema_decay"]))
    if chosen["patience"] is not None:
        callbacks.append(
            EarlyStopping(
                chosen["monitor"], patience=chosen["patience"], mode=chosen["monitor_mode"]
            )
        )
    every = chosen["checkpoint_steps"]
    seed, monitor = settings["seed"], chosen["monitor"]
    callbacks.append(Recorder(run, tracker, monitor, maximise, seed, every, end))
    several: dict[str, Any] = {"devices": _device(chosen["accelerator"], job)}
    plugins: list[Any] = [SafeCheckpointIO()]
    if together:
        several = {
            "devices": chosen["devices"],
            "num_nodes": chosen["nodes"],
            "strategy": DDPStrategy(find_unused_parameters=bool(settings["model"].get("unfreeze"))),
            "use_distributed_sampler": False,  # the data module shares out
        }
        plugins.append(TorchElasticEnvironment())
    return Trainer(
        max_epochs=chosen["max_epochs"] if learns else 1,
        accelerator=chosen["accelerator"],
        **several,
        precision=chosen["precision"],
        accumulate_grad_batches=chosen["accumulate"],
        gradient_clip_val=clip,
        gradient_clip_algorithm="norm" if chosen["clip_norm"] else "value",
        deterministic="warn" if chosen["deterministic"] else False,
        callbacks=callbacks,
        plugins=plugins,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=run.path,
    )


def _device(accelerator: str, job: int) -> int | list[int]:
    """The job's own GPU where jobs run side by side; asking for the count does not start CUDA."""
    gpus = torch.cuda.device_count() if accelerator in ("auto", "gpu", "cuda") else 0
    return [job % gpus] if gpus > 1 else 1

"""Several processes for one training: the first starts the others and tells them what to train.

Each knows its place by torchrun's variables, so that torchrun may start them instead, on several
nodes. What to train the others hear through torch's TCPStore, a small server in the first process
(under torchrun in torchrun). They are not started by the command that the first was: that would
compose, look for the run folder, or in a sweep start all jobs, once more in every process.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from timm.layers import convert_sync_batchnorm
from torch.distributed import PrefixStore, Store, TCPStore

from fer.checks.processes import torchrun_processes
from fer.data.modules import FaceDataModule
from fer.errors import ConfigError, FerError, RunError
from fer.extending import plugins
from fer.models.classifiers import FaceClassifier
from fer.processes.children import Children
from fer.processes.devices import check_accelerator, has_gpu
from fer.processes.signals import EndRequest
from fer.runs.folder import RunFolder
from fer.runs.tracking import Tracker
from fer.training.lightning_trainer import build_trainer

HOST = "127.0.0.1"
TASK = "task"


def processes(settings: Mapping[str, Any]) -> int:
    """How many processes a configuration trains with."""
    return int(settings["trainer"]["devices"] * settings["trainer"]["nodes"])


def settle_devices(settings: dict[str, Any]) -> None:
    """Decides between GPUs and the CPU for several processes, and looks whether there are enough.

    Args:
        settings: A whole configuration; `trainer.accelerator` is changed in place.

    Raises:
        ConfigError: There are fewer GPUs, or none for what needs one.
    """
    chosen = settings["trainer"]
    if chosen["precision"] == "16-mixed" and not has_gpu(chosen["accelerator"]):
        raise ConfigError("trainer.precision=16-mixed needs a GPU; a CPU has bf16-mixed or 32-true")
    if processes(settings) == 1:
        check_accelerator("trainer.accelerator", chosen["accelerator"])
        return
    if chosen["accelerator"] == "auto":
        chosen["accelerator"] = "gpu" if torch.cuda.is_available() else "cpu"
    if chosen["accelerator"] == "cpu":
        if chosen["sync_batchnorm"]:
            raise ConfigError("trainer.sync_batchnorm=true: torch has it on GPUs only; use false")
    elif torch.cuda.device_count() < chosen["devices"]:
        raise ConfigError(
            f"trainer.devices={chosen['devices']}: this machine has {torch.cuda.device_count()} "
            "GPUs that torch can use; ask for so many, or use trainer.accelerator=cpu"
        )


@contextmanager
def other_processes(
    settings: Mapping[str, Any], run: RunFolder, checkpoint: Path | None
) -> Iterator[None]:
    """The first process's group with the others, for a training within.

    Args:
        settings: A whole configuration, as the run folder has it.
        run: The run folder; the others read their settings there.
        checkpoint: Where the training goes on; None: it begins.

    Raises:
        RunError: Another process has ended before its time.
    """
    place = {"WORLD_SIZE": str(processes(settings)), "RANK": "0", "LOCAL_RANK": "0"}
    threads, before = _threads(settings), torch.get_num_threads()
    children, trained = Children(), False
    own_server = None
    if torchrun_processes() is None:
        own_server = local_server()
        place |= {"MASTER_ADDR": HOST, "MASTER_PORT": str(own_server.port), "GROUP_RANK": "0"}
        if sys.platform == "linux":  # whatever the machine's name leads to
            place["GLOO_SOCKET_IFNAME"] = "lo"
    with _variables({**place, "OMP_NUM_THREADS": str(threads)}):
        try:
            torch.set_num_threads(threads)
            store = open_store(own_server)
            store.set(TASK, json.dumps(task_of(settings, run, checkpoint)))
            if own_server is not None:
                for rank in range(1, processes(settings)):
                    children.start(rank)
            _await(store, processes(settings), children)
            with group(store, settings):
                yield
                trained = True
        except FerError:
            raise
        except Exception as error:
            told = children.told_of_the_first_to_end()
            if told is None:
                raise
            raise RunError(told) from error
        finally:
            torch.set_num_threads(before)
            children.end(at_once=not trained)


def task_of(settings: Mapping[str, Any], run: RunFolder, checkpoint: Path | None) -> dict[str, Any]:
    """What the others are told; every path is absolute, for they may start in another folder."""
    return {
        "run": str(run.path.resolve()),
        "checkpoint": checkpoint and str(checkpoint.resolve()),
        "paths": {key: str(Path(path).resolve()) for key, path in settings["paths"].items()},
        "plugins": plugins.named(),
    }


def local_server() -> TCPStore:
    """A store that this machine alone can reach.

    By itself torch would listen on every network: what its processes tell each other is unpickled.
    """
    listening = socket.create_server((HOST, 0))
    port = listening.getsockname()[1]
    return TCPStore(
        HOST, port, is_master=True, wait_for_workers=False, master_listen_fd=listening.detach()
    )


def open_store(server: Store | None = None) -> Store:
    """What the processes hear of each other through; each start by torchrun has its own.

    Args:
        server: Of this process; None: another's.
    """
    if server is None:
        server = TCPStore(
            os.environ["MASTER_ADDR"],
            int(os.environ["MASTER_PORT"]),
            is_master=_serves(),
            wait_for_workers=False,
        )
    return PrefixStore(f"fer {os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}", server)


def _serves() -> bool:
    """Whether this process shall serve the store: the first, unless torchrun does."""
    return os.environ["RANK"] == "0" and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"


def dismiss() -> None:
    """Tells the processes that torchrun has started that there is nothing to train."""
    store = open_store()
    if not store.check([TASK]):
        store.set(TASK, json.dumps(None))


@contextmanager
def group(store: Store, settings: Mapping[str, Any]) -> Iterator[None]:
    """The processes' group, in each of them, while they train."""
    torch.distributed.init_process_group(
        "gloo" if settings["trainer"]["accelerator"] == "cpu" else "nccl",
        store=PrefixStore("group", store),
        rank=int(os.environ["RANK"]),
        world_size=int(os.environ["WORLD_SIZE"]),
    )
    try:
        yield
    finally:
        torch.distributed.destroy_process_group()


def ready(store: Store) -> None:
    """Tells the first process that this one has its data and model."""
    store.set(f"ready {os.environ['RANK']}", "")


def fit_together(
    settings: Mapping[str, Any],
    run: RunFolder,
    model: FaceClassifier,
    data: FaceDataModule,
    tracker: Tracker,
    end: EndRequest,
    checkpoint: Path | None,
) -> None:
    """One process's part of the training, within `group`.

    Args:
        settings: The whole configuration.
        run: The run folder, which the first process writes.
        model: As initialised.
        data: Opened and split.
        tracker: Takes the rows.
        end: Whether the process was asked to end.
        checkpoint: From which the training goes on; None: from the start.
    """
    if settings["trainer"]["sync_batchnorm"]:  # timm's keeps what its norms do besides
        model.network = convert_sync_batchnorm(model.network)  # type: ignore[no-untyped-call]
    names = data.training()[0].names
    trainer = build_trainer(settings, run, tracker, names, end, 0, learns=True, together=True)
    trainer.fit(model, data, ckpt_path=checkpoint, weights_only=True)


def _threads(settings: Mapping[str, Any]) -> int:
    """CPU threads of a process: as set, or the machine's, shared out."""
    chosen = settings["trainer"]
    return int(chosen["threads"] or max(1, torch.get_num_threads() // chosen["devices"]))


@contextmanager
def _variables(values: Mapping[str, str]) -> Iterator[None]:
    """Sets environment variables for as long as this lasts."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _await(store: Store, world: int, children: Children) -> None:
    """Waits until all are there.

    Raises:
        RunError: One has ended instead.
    """
    others = [f"ready {rank}" for rank in range(1, world)]
    while not store.check(others):
        told = children.told_of_ended()
        if told is not None:
            raise RunError(told)
        time.sleep(0.02)

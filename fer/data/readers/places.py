"""Where a data set lies, looked for before torch is imported: what is missing is told at once."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from fer.data.readers.fer2013 import Fer2013Reader, find_fer2013

OF_FER2013 = ("fer2013", "ferplus")


def check_place(config: DictConfig) -> None:
    """Looks for the data set that a training names, unless it is to be downloaded or a plugin's.

    Args:
        config: Accepted settings of a training.

    Raises:
        DataError: It is not there; the message says what is looked for, or how to get it.
    """
    data, home = config.data, Path(config.paths.data)
    if data.name in OF_FER2013:
        if not data.download:
            Fer2013Reader(find_fer2013(data.path, home, download=False))
    elif "faces" in data:
        _check_pictures(data.name, data.path, home)


def _check_pictures(name: str, path: str | None, home: Path) -> None:
    """The same of a data set of picture files, whose readers take longer to import."""
    from fer.data.readers.affectnet import AffectNetReader
    from fer.data.readers.ckplus import CkPlusReader
    from fer.data.readers.folder import FolderReader
    from fer.data.readers.jaffe import JaffeReader
    from fer.data.readers.rafdb import RafDbReader
    from fer.data.readers.sfew import SfewReader

    for reader in (
        AffectNetReader,
        CkPlusReader,
        FolderReader,
        JaffeReader,
        RafDbReader,
        SfewReader,
    ):
        if reader.name == name:
            reader.find(path, home)

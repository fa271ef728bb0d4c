"""`fer.load`: a recognizer out of a run folder, an exported file, or the shipped model."""

from __future__ import annotations

from pathlib import Path

from fer import detection
from fer.errors import ConfigError, RunError
from fer.recognition.engines import Engine, OnnxEngine
from fer.recognition.recognizer import Recognizer

SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "model.onnx"
DETECTORS = (*detection.DETECTORS, "none")
PICKLES = (".ckpt", ".pt", ".pth", ".pkl", ".pickle", ".bin", ".joblib")
PICKLE_HEADS = (b"\x80", b"PK\x03\x04")
"""How pickles begin, and the archives in which torch wraps them."""


def load(
    source: str | Path | None = None,
    detector: str = "haar",
    *,
    detector_model: str | Path | None = None,
    margin: float | None = None,
    align: bool | None = None,
    min_size: int = 24,
    min_score: float | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> Recognizer:
    """A recognizer.

    Args:
        source: A finished run's folder (runs on torch), an exported `.onnx` (runs on onnxruntime,
            without torch) or `.safetensors` file; None: the model that the package ships.
        detector: `haar`; `yunet`, which finds more, faster; or `none`, for pictures that are faces
            already.
        detector_model: YuNet's file; None: the one that the environment variable FER_YUNET names,
            else OpenCV's, fetched once and kept in the user's cache folder.
        margin: Around the detector's box on each side, as a share of its side; None: the model's.
        align: Place faces by their eyes; None: as in training.
        min_size: Faces whose box has a shorter side, in pixels, are left out.
        min_score: Faces with a lower detector score are left out; None: the detector's own choice.
        threads: Of the network; None: as many as its library takes.
        device: `cpu`, or `gpu`: CUDA's or Apple's with torch, CUDA's with onnxruntime.

    Raises:
        ConfigError: There is no such detector or device, or a package or YuNet's file is missing.
        RunError: The source is not there, damaged, not finished, or a pickle.

    Example:
        >>> import fer
        >>> recognizer = fer.load("outputs/default/<run>")  # doctest: +SKIP
        >>> [(face.label, face.box) for face in recognizer(image)]  # doctest: +SKIP
        [('happy', (88.0, 41.0, 120.0, 120.0))]
    """
    detection.opencv()
    from fer.recognition.cutting import FaceCutter

    if detector not in DETECTORS:
        raise ConfigError(f"detector={detector} cannot be: choose {', '.join(DETECTORS)}")
    if detector == "none" and align:
        raise ConfigError("align=true: eyes need a detector, haar or yunet")
    engine = open_engine(source, threads, device)
    cutter = FaceCutter(engine.info.crop, detector, margin, align)
    finder = None
    if detector != "none":
        finder = detection.detector(
            detector, detector_model, min_size=min_size, min_score=min_score, eyes=cutter.align
        )
    return Recognizer(engine, finder, cutter)


def open_engine(
    source: str | Path | None, threads: int | None = None, device: str = "cpu"
) -> Engine:
    """What runs the model of a source; see `load`."""
    if source is None:
        if not SHIPPED.is_file():
            raise RunError(
                "this version of fer ships no model: name a run folder or an exported file, such "
                "as run=outputs/default/<run>"
            )
        return OnnxEngine(SHIPPED, threads, device)
    path = Path(source).expanduser()
    if path.is_dir():
        from fer.recognition.torch_engine import open_run

        return open_run(path, threads, device)
    if not path.is_file():
        raise RunError(f"there is no model {source}: name a run folder or an exported file")
    _refuse_pickle(path)
    if path.suffix.lower() == ".onnx":
        return OnnxEngine(path, threads, device)
    if path.suffix.lower() == ".safetensors":
        from fer.recognition.torch_engine import open_safetensors

        return open_safetensors(path, threads, device)
    raise RunError(f"{path} is no model that fer opens: .onnx, .safetensors, or a run folder")


def _refuse_pickle(path: Path) -> None:
    """Models are data; a pickle is a program."""
    with path.open("rb") as file:
        head = file.read(4)
    if path.suffix.lower() in PICKLES or head.startswith(PICKLE_HEADS):
        raise RunError(
            f"{path} may hold pickled code and is not opened: name the run folder that it lies in, "
            "or export that run with python -m fer.export"
        )

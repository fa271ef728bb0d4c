"""`fer.load`: a recognizer out of a run folder, an exported file, or the shipped model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from fer import detection
from fer.errors import ConfigError, RunError
from fer.recognition.engines import Engine, OnnxEngine
from fer.recognition.recognizer import Recognizer

if TYPE_CHECKING:
    from omegaconf import DictConfig

SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "model.onnx"
DETECTORS = (*detection.DETECTORS, "none")
DEVICES = ("cpu", "gpu")
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

    Examples:
        >>> import fer
        >>> recognizer = fer.load("outputs/default/<run>")  # doctest: +SKIP
        >>> [(face.label, face.box) for face in recognizer(image)]  # doctest: +SKIP
        [('happy', (88.0, 41.0, 120.0, 120.0))]
    """
    detection.opencv()
    from fer.recognition.cutting import FaceCutter

    _require(detector in DETECTORS, "detector", detector, f"choose {', '.join(DETECTORS)}")
    _require(device in DEVICES, "device", device, f"choose {', '.join(DEVICES)}")
    _require(detector != "none" or not align, "align", align, "eyes need a detector, haar or yunet")
    _require(margin is None or -0.4 <= margin <= 10, "margin", margin, "it is from -0.4 to 10")
    _require(min_size >= 1, "min_size", min_size, "it is a whole number from 1")
    _require(min_score is None or 0 <= min_score <= 1, "min_score", min_score, "it is from 0 to 1")
    _require(threads is None or threads >= 1, "threads", threads, "it is a whole number from 1")
    engine = open_engine(source, threads, device)
    cutter = FaceCutter(engine.info.crop, detector, margin, align)
    finder = None
    if detector != "none":
        finder = detection.detector(
            detector, detector_model, min_size=min_size, min_score=min_score, eyes=cutter.align
        )
    return Recognizer(engine, finder, cutter)


def load_configured(config: DictConfig) -> Recognizer:
    """A recognizer as `conf/predict.yaml` or `conf/realtime.yaml` describes it; see `load`."""
    return load(
        config.run,
        config.detector,
        detector_model=config.detector_model,
        margin=config.margin,
        align=config.align,
        min_size=config.min_size,
        min_score=config.min_score,
        threads=config.threads,
        device=config.get("device", "cpu"),
    )


def _require(fits: bool, name: str, value: object, allowed: str) -> None:
    if not fits:
        raise ConfigError(f"{name}={value} cannot be: {allowed}")


def open_engine(
    source: str | Path | None, threads: int | None = None, device: str = "cpu"
) -> Engine:
    """What runs the model of a source; see `load`.

    Args:
        source: A run folder or an exported file; None: the shipped model.
        threads: Of the CPU; None: as the library chooses.
        device: `cpu`, or another that torch or ONNX Runtime knows.

    Raises:
        ConfigError: There is no such device.
        RunError: There is no such model, or it is damaged.
    """
    if source is None:
        if not SHIPPED.is_file():
            raise RunError(
                "this version of fer ships no model: name a run folder or an exported file, with "
                "run=outputs/default/<run> or fer.load('outputs/default/<run>'); python -m "
                "fer.train makes such a run"
            )
        return OnnxEngine(SHIPPED, threads, device)
    if not isinstance(source, (str, Path)):
        raise RunError(f"a model is named by its path, this is {type(source).__name__}")
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
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror})") from None
    if path.suffix.lower() in PICKLES or head.startswith(PICKLE_HEADS):
        raise RunError(
            f"{path} may hold pickled code and is not opened: name the run folder that it lies in, "
            "or export that run with python -m fer.export"
        )

"""What settings of `fer.export` may be."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from fer.checks.checker import Checker


def check_export(cfg: DictConfig) -> None:
    """Refuses settings of `fer.export` that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    check.text("run")
    check.text("data_path", null=True)
    check.choice("format", ("onnx", "safetensors"))
    check.choice("quantize", (None, "int8", "fp16"))
    if check.value("quantize") == "int8" and check.value("format") == "safetensors":
        check.fail("quantize", "int8 is for format=onnx; safetensors can be fp16")
    check.text("output", null=True)
    output, suffix = check.value("output"), f".{check.value('format')}"
    if output is not None and Path(output).suffix.lower() != suffix:
        check.fail("output", f"its name ends in {suffix}")
    for name in ("haar", "yunet"):
        check.number(f"margins.{name}", low=-0.4, high=10)
    check.number("calibration", low=8, high=100_000, whole=True)
    check.number("seed", low=0, high=2**31, whole=True)
    check.choice("progress", ("auto", "none"))

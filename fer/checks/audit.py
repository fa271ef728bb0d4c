"""What settings of `fer.audit` may be."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from fer.checks.checker import Checker
from fer.checks.data import check_data, check_protocol
from fer.errors import ConfigError


def check_audit(cfg: DictConfig) -> None:
    """Refuses settings of `fer.audit` that cannot work.

    Raises:
        ConfigError: Names the key, its value and what is allowed.
    """
    check = Checker(cfg)
    run = check.value("run")
    if cfg.get("data") is not None:
        check_data(check)
    elif run is None:
        raise ConfigError(
            "data and run are missing: name a data set, such as data=fer2013, or a run folder, "
            "such as run=outputs/..., whose data is then looked at"
        )
    if OmegaConf.is_list(run):
        if not run or not all(isinstance(folder, str) and folder for folder in run):
            check.fail("run", "it is a run folder or a list of them, such as [fold0,fold1]")
    else:
        check.text("run", null=True)
    check.text("data_path", null=True)
    if check.value("data_path") is not None and cfg.get("data") is not None:
        check.fail(
            "data_path", "it says where the run's own data lies; with data=... use data.path"
        )
    for key in ("paths.outputs", "paths.data", "paths.cache"):
        check.text(key)
    check.number("near_copies.cosine", low=0.5, high=1)
    check.number("near_copies.distance", low=0, high=1)
    check.flag("near_copies.mirrored")
    check.number("blank", low=0, high=255)
    check.number("shown", low=0, high=200, whole=True)
    check.choice("progress", ("auto", "none"))
    for name, protocol in cfg.protocols.items():
        try:
            check_protocol(Checker(OmegaConf.create({"protocol": protocol})))
        except ConfigError as error:
            raise ConfigError(str(error).replace("protocol.", f"protocols.{name}.")) from None

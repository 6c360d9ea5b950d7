"""From the composed configuration to objects; the only caller of Hydra's ``instantiate``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import torch
from hydra.errors import HydraException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import nn

from graphssl.augmentation.two_views import TwoViews
from graphssl.contracts import NodeDataset, ProbeProtocol, Regularizer
from graphssl.errors import ConfigError, GraphSSLError
from graphssl.seeding import global_stream
from graphssl.training.metrics import MetricSink
from graphssl.training.settings import TrainerSettings

# What Hydra says in place of the cause.
_HINT = "set env var HYDRA_FULL_ERROR=1 to see chained exception."


def make(config: DictConfig, name: str, **supplied: Any) -> Any:
    """The object that ``config`` describes, with ``supplied`` constructor arguments added.

    Raises:
        GraphSSLError: what the constructor itself raised.
        ConfigError: the target is not there or does not take the arguments given.
    """
    try:
        return instantiate(config, _convert_="all", **supplied)
    except HydraException as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, GraphSSLError):
                raise cause from None
            cause = cause.__cause__
        said = " ".join(str(error).split()).replace(_HINT, f"({_deepest(error)})")
        raise ConfigError(f"{name}: {said}{_options(config)}") from error


def dataset(config: DictConfig) -> NodeDataset:
    """The graph, prepared; from the mirror where it has it.

    ``dataset.metric`` is the graph's published metric, whichever class loads it.
    """
    mirror = config.paths.mirror
    arguments: dict[str, Any] = OmegaConf.to_container(config.dataset, resolve=True)  # type: ignore[assignment]
    metric = {"metric": arguments.pop("metric")} if "metric" in arguments else {}
    loader = make(OmegaConf.create(arguments), "dataset")
    try:
        loaded: NodeDataset = loader.load(Path(config.paths.data), Path(mirror) if mirror else None)
    except (TypeError, ValueError) as error:
        if isinstance(error, GraphSSLError):
            raise
        raise ConfigError(f"dataset: {error}{_options(config.dataset)}") from error
    return replace(loaded, **metric)


def settings(config: DictConfig) -> TrainerSettings:
    """What the shell says about training."""
    made: TrainerSettings = make(config.trainer, "trainer")
    return made


def protocols(config: DictConfig) -> dict[str, ProbeProtocol]:
    """Every probe protocol asked for, by name."""
    chosen = config.probe.get("protocols") or {}
    for name, node in chosen.items():
        if "_target_" not in (node or {}):
            raise ConfigError(f"probe.protocols.{name} must be a protocol, got {node}")
    return {name: make(node, f"probe.protocols.{name}") for name, node in chosen.items()}


def encoder(config: DictConfig, in_channels: int) -> nn.Module:
    """The encoder, with the width of the features supplied."""
    made: nn.Module = make(config.encoder, "encoder", in_channels=in_channels)
    if not isinstance(getattr(made, "out_channels", None), int):
        raise ConfigError(
            f"encoder {config.encoder._target_} has no integer attribute out_channels"
        )
    for name, part in made.named_modules():
        if getattr(part, "cached", False) is True:
            raise ConfigError(
                f"encoder: {type(part).__name__} {name} has cached=True: it would keep the edges "
                "of the first view for every other"
            )
    return made


def labels_used(config: DictConfig) -> bool:
    """Whether labels have a part: in selecting the encoder, or as the objective asks."""
    by_selection = config.trainer.select == "val_accuracy"
    return by_selection or "train_nodes" in _parameters(config.objective)


def objective(
    config: DictConfig, in_channels: int, labels: Mapping[str, Any] | None = None
) -> nn.Module:
    """The objective around a new encoder, drawn from the stream ``init`` of the seed.

    Args:
        config: the composed configuration.
        in_channels: F.
        labels: ``labels``, ``train_nodes`` and ``num_classes`` of the one split that this run
            uses; the objective's constructor gets those of them and ``in_channels`` that it
            names, beside the ``encoder``.
    """
    asked, known = _parameters(config.objective), {"in_channels": in_channels, **(labels or {})}
    supplied = {name: value for name, value in known.items() if name in asked}
    with global_stream(config.seed, "init"):
        supplied["encoder"] = encoder(config, in_channels)
        made: nn.Module = make(config.objective, "objective", **supplied)
    return made


def augmentation(config: DictConfig) -> TwoViews:
    """What makes the two views."""
    made: TwoViews = make(config.augmentation, "augmentation")
    return made


def regularizer(config: DictConfig) -> Regularizer:
    """The penalty."""
    made: Regularizer = make(config.regularizer, "regularizer")
    return made


def optimizer(config: DictConfig, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer over ``parameters``; the schedule scales each group's ``initial_lr``."""
    made: Callable[..., torch.optim.Optimizer] = make(config.optimizer, "optimizer")
    try:
        result = made(parameters)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"optimizer: {error}{_options(config.optimizer)}") from None
    for group in result.param_groups:
        group["initial_lr"] = group["lr"]
    return result


def tracker(
    config: DictConfig, folder: Path, run_id: str, plain: dict[str, Any], resume_step: int
) -> list[MetricSink]:
    """TensorBoard or W&B where one was chosen; rows after ``resume_step`` come again."""
    if "_target_" not in config.logger:
        return []
    chosen = make(config.logger, "logger")
    return [chosen(folder=folder, name=run_id, config=plain, resume_step=resume_step)]


def _parameters(config: DictConfig) -> set[str]:
    try:
        return set(inspect.signature(resolve_name(config._target_)).parameters)
    except Exception as error:
        raise ConfigError(f"{config._target_} cannot be found: {error}") from error


def _deepest(error: BaseException) -> str:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return f"{type(error).__name__}: {error}"


def _options(config: DictConfig) -> str:
    """What was said, for an error that does not tell it."""
    named = {str(key): value for key, value in config.items()}
    said = ", ".join(
        f"{key}={value!r}"
        for key, value in named.items()
        if isinstance(value, str | int | float) and not key.startswith("_")
    )
    return f"; got {said}" if said else ""

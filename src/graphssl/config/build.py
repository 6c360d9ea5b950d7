"""Build objects from the composed configuration; the only caller of Hydra's ``instantiate``."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NamedTuple

import torch
from hydra.errors import HydraException
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import nn

from graphssl.augmentation.two_views import TwoViews
from graphssl.checks import number, whole_number
from graphssl.config.argument_checks import check_arguments, parameters
from graphssl.config.contract_checks import (
    check_encoder,
    check_methods,
    check_objective,
    check_regularizer,
)
from graphssl.config.folder import config_dir
from graphssl.contracts import NodeDataset, Objective, ProbeProtocol, Regularizer
from graphssl.data.checksums import UnknownUntilLoadedError
from graphssl.errors import ConfigError, GraphSSLError, words
from graphssl.results.own_code import targets
from graphssl.seeding import every_global_stream, global_stream
from graphssl.training.metrics import Logger
from graphssl.training.settings import TrainerSettings

# Hydra's messages end with this in place of the cause.
_HINT = "set env var HYDRA_FULL_ERROR=1 to see chained exception."


def make(config: DictConfig | Mapping[str, Any], name: str, **supplied: Any) -> Any:
    """Build the object that ``config`` describes, with the constructor arguments ``supplied``.

    Raises:
        GraphSSLError: raised by the constructor itself.
        ConfigError: the target does not exist or does not take these arguments.
    """
    if isinstance(config, dict):  # as a part, so that errors name keys by their full path
        config = OmegaConf.create({name: config})[name]
    check_arguments(OmegaConf.to_container(config, resolve=True), name)
    try:
        return instantiate(config, _convert_="all", **supplied)
    except HydraException as error:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, GraphSSLError):
                raise cause from None
            cause = cause.__cause__
        raise ConfigError(f"{_message(error, name)}{_options(config)}") from error
    except (TypeError, ValueError) as error:  # of Hydra itself, about its own keys in config
        raise ConfigError(f"{name}: {words(error)}") from error


def made_once(config: DictConfig | Mapping[str, Any], name: str, **supplied: Any) -> Any:
    """Return what ``make`` does, and the same object again for the same description.

    For objects that are only read. Custom code is called each time.
    """
    plain = OmegaConf.to_container(config, resolve=True) if OmegaConf.is_config(config) else config
    if not all(target.startswith(_READ_ONLY) for target in targets(plain)):
        return make(config, name, **supplied)
    key = json.dumps([plain, supplied])
    if key not in _made:
        _made[key] = make(config, name, **supplied)
    return _made[key]


_READ_ONLY = ("graphssl.", "torch_geometric.")
_made: dict[str, Any] = {}


def dataset(config: DictConfig) -> NodeDataset:
    """Load and prepare the graph, from the mirror if that has its files.

    ``dataset.metric`` sets the graph's published metric, whichever class loads it.
    """
    loader, seed = _loader(config, make), config.dataset.get("transform_seed", 0)
    try:
        # Loaders may draw too, not only transforms: PyG's split=random does, or a custom loader.
        with every_global_stream(seed, "transforms"):
            loaded: NodeDataset = loader.load(*_folders(config))
    except (GraphSSLError, MemoryError):
        raise
    except Exception as error:
        raise ConfigError(f"dataset: {words(error)}{_options(config.dataset)}") from error
    return replace(loaded, metric=config.dataset.get("metric", loaded.metric))


class KnownGraph(NamedTuple):
    """What is known of a graph without loading it.

    Attributes:
        name: the graph's name.
        fingerprint: hash of its files; None where its configuration determines it.
    """

    name: str
    fingerprint: str | None


def known_graph(config: DictConfig) -> KnownGraph | None:
    """Ask the loader for what it knows of the graph without loading it; None if that is nothing."""
    loader = _loader(config, made_once)
    hash_files = getattr(loader, "fingerprint", None)
    if not callable(hash_files):
        return None
    try:
        return KnownGraph(str(getattr(loader, "name", "")), hash_files(*_folders(config)))
    except UnknownUntilLoadedError:
        return None


def fingerprint(config: DictConfig) -> str | None:
    """Compute the graph's fingerprint, loading the graph only if its loader cannot tell without."""
    known = known_graph(config)
    return dataset(config).fingerprint if known is None else known.fingerprint


def _folders(config: DictConfig) -> tuple[Path, Path | None]:
    mirror = folder(config, "mirror") if config.paths.mirror is not None else None
    return folder(config, "data"), mirror


def _loader(config: DictConfig, maker: Callable[..., Any]) -> Any:
    """Build the dataset's loader; pass the seed and published checksums if its constructor asks."""
    node, seed = config.dataset, config.dataset.get("transform_seed", 0)
    whole_number("dataset.transform_seed", seed, least=0)
    asked = parameters(_resolve(node))
    ours = {"metric", "held_out_edges"}
    if "transform_seed" not in asked:
        ours.add("transform_seed")
        if seed:
            raise ConfigError(
                f"dataset.transform_seed={seed}: {node._target_} does not take it; add an argument "
                "transform_seed and pass it to node_dataset"
            )
    plain: dict[str, Any] = OmegaConf.to_container(node, resolve=True)  # type: ignore[assignment]
    kept = {key: value for key, value in plain.items() if key not in ours}
    number("dataset.held_out_edges", share := plain.get("held_out_edges", 0.0), least=0, below=1)
    if share:
        if "transforms" not in asked:
            raise ConfigError(
                f"dataset.held_out_edges={share}: {node._target_} does not take transforms; add an "
                "argument transforms and pass it to node_dataset"
            )
        first = {"_target_": "graphssl.data.HoldOutEdges", "share": share, "seed": seed}
        kept["transforms"] = [first, *(kept.get("transforms") or ())]
    made = maker(kept, "dataset", **({"published": published()} if "published" in asked else {}))
    check_methods(made, "dataset", load=("data_dir", "mirror"))
    return made


@cache
def published() -> dict[str, list[str]]:
    """Collect the checksums in graphssl's own conf/dataset: raw file name -> checksums."""
    found: dict[str, list[str]] = {}
    for path in sorted((config_dir() / "dataset").glob("*.yaml")):
        for name, known in (OmegaConf.load(path).dataset.get("checksums") or {}).items():
            found.setdefault(str(name), []).extend(known)
    return found


def folder(config: DictConfig, name: str) -> Path:
    """Return ``paths.<name>`` with a leading ``~`` expanded to the home folder."""
    path = config.paths[name] if config.paths else None
    if not isinstance(path, str) or not path or "\0" in path:
        raise ConfigError(f"paths.{name} must be the name of a folder, got {path!r}")
    return Path(path).expanduser()


def settings(config: DictConfig) -> TrainerSettings:
    """Build the trainer's settings."""
    made = made_once(config.trainer, "trainer")
    if not isinstance(made, TrainerSettings):
        raise ConfigError(
            f"trainer._target_={config.trainer._target_} must make "
            "graphssl.training.TrainerSettings"
        )
    return made


def protocols(config: DictConfig) -> dict[str, ProbeProtocol]:
    """Build the chosen probe protocols, by name."""
    chosen: Any = config.probe.get("protocols")
    chosen = OmegaConf.create() if chosen is None else chosen
    if not OmegaConf.is_dict(chosen):
        raise ConfigError(f"probe.protocols must be protocols by name, got {chosen!r}")
    for name, node in chosen.items():
        if not OmegaConf.is_dict(node) or "_target_" not in node:
            raise ConfigError(f"probe.protocols.{name} must be a protocol, got {node}")
    made = {name: made_once(node, f"probe.protocols.{name}") for name, node in chosen.items()}
    for name, protocol in made.items():
        check_methods(
            protocol,
            f"probe.protocols.{name}",
            splits=("dataset", "seed"),
            score=("embeddings", "y", "splits", "seed"),
        )
    return made


def encoder(config: DictConfig, in_channels: int) -> nn.Module:
    """Build the encoder for features of width ``in_channels``."""
    made: nn.Module = make(config.encoder, "encoder", in_channels=in_channels)
    return made


def labels_used(config: DictConfig) -> bool:
    """Return whether labels are used, by the objective or to select the encoder."""
    by_selection = config.trainer.select == "val_accuracy"
    return by_selection or bool(getattr(_resolve(config.objective), "uses_labels", False))


def objective(
    config: DictConfig, in_channels: int, labels: Mapping[str, Any] | None = None
) -> Objective:
    """Build the objective around a new encoder, initialised from the seed's stream ``init``.

    Args:
        config: the composed configuration.
        in_channels: F.
        labels: ``labels``, ``train_nodes`` and ``num_classes`` of the one split that this run
            uses. The constructor receives ``encoder``, and each of these and ``in_channels`` if it
            has an argument of that name.
    """
    kind = _resolve(config.objective)
    asked = parameters(kind)
    known = {"in_channels": in_channels, **(labels or {})}
    supplied = {name: value for name, value in known.items() if name in asked}
    with global_stream(config.seed, "init"):
        supplied["encoder"] = encoder(config, in_channels)
        if not getattr(kind, "sets_encoder_aside", False):
            check_encoder(supplied["encoder"])
        made: Objective = make(config.objective, "objective", **supplied)
        if parametrization := config.get("parametrization"):  # which older records lack
            make(parametrization, "parametrization")(made)
    check_objective(made)
    check_default_dtype()  # by now all custom modules are imported
    return made


def check_default_dtype() -> None:
    """Refuse a default dtype other than float32, the dtype of graphs and weights."""
    if torch.get_default_dtype() != torch.float32:
        raise ConfigError(
            f"a custom module has set torch's default dtype to {torch.get_default_dtype()}, and a "
            "run needs float32: remove its call of torch.set_default_dtype"
        )


def augmentation(config: DictConfig) -> TwoViews:
    """Build the augmentation that makes the two views."""
    node: dict[str, Any] = OmegaConf.to_container(config.augmentation, resolve=True)  # type: ignore[assignment]
    if node.get("strength") == 1 and "strength" not in parameters(_resolve(config.augmentation)):
        del node["strength"]  # a custom class that is not a TwoViews
    made: TwoViews = make(node, "augmentation")
    check_methods(made, "augmentation", __call__=("view", "generator"))
    return made


def regularizer(config: DictConfig) -> Regularizer:
    """Build the regularizer."""
    made: Regularizer = make(config.regularizer, "regularizer")
    check_regularizer(made)
    return made


def optimizer(config: DictConfig, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """Build the optimizer of ``parameters``; the schedule scales each group's ``initial_lr``."""
    made: Callable[..., torch.optim.Optimizer] = make(config.optimizer, "optimizer")
    try:
        result = made(parameters)
    except Exception as error:
        near = _near_argument(error, config.optimizer._target_)
        raise ConfigError(f"optimizer: {words(error)}{near}{_options(config.optimizer)}") from error
    _require_plain_step(made, config.optimizer, type(result).__name__)
    for group in result.param_groups:
        group["initial_lr"] = group["lr"]
    return result


def _require_plain_step(
    made: Callable[..., torch.optim.Optimizer], node: DictConfig, name: str
) -> None:
    """Try one step on a throwaway weight, with a dense gradient and no closure."""
    weight = nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.zeros(2, 2)
    try:
        with torch.random.fork_rng(devices=[]):
            made([weight]).step()
    except Exception as error:  # a third-party optimizer may raise anything
        raise ConfigError(
            f"optimizer {name} fails at a step on dense gradients without a closure: "
            f"{words(error)}{_options(node)}"
        ) from error


def check_logger(config: DictConfig) -> None:
    """Refuse a logger that cannot be built, before there is anything to log."""
    if "_target_" in config.logger:
        make(config.logger, "logger")
        target = _resolve(config.logger)
        known = {str(key) for key in config.logger if not str(key).startswith("_")}
        try:
            supplied = {"folder", "name", "config", "resume_step"}
            inspect.signature(target).bind(**dict.fromkeys(supplied | known))
        except (TypeError, ValueError) as error:
            near = _near_argument(error, config.logger._target_)
            raise ConfigError(f"logger: {config.logger._target_}: {error}{near}") from None
        if not (isinstance(target, type) and issubclass(target, Logger)):
            raise ConfigError(
                f"logger: {config.logger._target_} must be a subclass of graphssl.training.Logger"
            )
        if hasattr(target, "require"):
            target.require(**{key: config.logger[key] for key in known})


def loggers(
    config: DictConfig, folder: Path, run_id: str, plain: dict[str, Any], resume_step: int
) -> list[Logger]:
    """Build the chosen logger, if any; rows after ``resume_step`` will be logged again."""
    if "_target_" not in config.logger:
        return []
    chosen = make(config.logger, "logger")
    return [chosen(folder=folder, name=run_id, config=plain, resume_step=resume_step)]


def _resolve(config: DictConfig) -> Any:
    try:
        return resolve_name(config._target_)
    except Exception as error:
        raise ConfigError(f"{config._target_} cannot be found: {words(error)}") from error


def _message(error: HydraException, name: str) -> str:
    """Format the error that a constructor raised after its key, or else Hydra's own message."""
    message = " ".join(str(error).split())
    called = re.match(r"Error in call to target '([^']+)'", message)
    if called and error.__cause__ is not None:
        key = re.search(r" full_key: (\S+)", message)
        cause = error.__cause__
        near = _near_argument(cause, called[1])
        return f"{key[1] if key else name}: {called[1]}: {words(cause)}{near}"
    deepest: BaseException = error
    while deepest.__cause__ or deepest.__context__:
        deepest = deepest.__cause__ or deepest.__context__  # type: ignore[assignment]
    return f"{name}: {message.replace(_HINT, f'({words(deepest)})')}"


def _near_argument(error: BaseException, target: str) -> str:
    """For an argument that ``target`` does not take, suggest similar ones that it does."""
    unknown = re.search(r"unexpected keyword argument '(\w+)'", str(error))
    if not unknown:
        return ""
    known = list(parameters(resolve_name(target)))
    near = get_close_matches(unknown[1], known, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else f"; it takes {', '.join(known)}"


def _options(config: DictConfig | Mapping[str, Any]) -> str:
    """Format the options of ``config``, for errors that do not name them."""
    named = {str(key): value for key, value in config.items()}
    options = ", ".join(
        f"{key}={value!r}"
        for key, value in named.items()
        if isinstance(value, str | int | float) and not key.startswith("_")
    )
    return f"; got {options}" if options else ""

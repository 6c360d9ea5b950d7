"""A run as it is requested: all that is known before its graph is loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from omegaconf import DictConfig, OmegaConf

from graphssl.checks import boolean, one_of, whole_number
from graphssl.config import build
from graphssl.config.compose import resolved
from graphssl.contracts import NodeDataset, ProbeProtocol
from graphssl.diagnostics.named import check_names
from graphssl.errors import ConfigError
from graphssl.results.identity import identity, weights_part
from graphssl.results.own_code import own_code, targets
from graphssl.results.quantities import listed, names
from graphssl.results.store import RunStore
from graphssl.training import matmul
from graphssl.training.device import named_device
from graphssl.training.interruption import named_signals
from graphssl.training.settings import TrainerSettings

# Choices if another process is working on the same run.
COLLISIONS = ("wait", "skip")
# Code that makes the same graph again of the same files, if the packages are the same.
_REPEATABLE = ("graphssl.", "torch_geometric.")


@dataclass(frozen=True, eq=False)
class Request:
    """A run as it is requested.

    Attributes:
        config: the composed configuration.
        plain: the same, resolved, as plain containers.
        choices: the option chosen in each config group.
        overrides: the overrides of the command line.
        store: the folder of all runs.
        settings: the trainer's settings.
        protocols: the probe protocols by name.
        labels_used: whether training or selection uses labels.
        code: hashes of the custom code that the run's weights depend on.
    """

    config: DictConfig
    plain: dict[str, Any]
    choices: Mapping[str, Any]
    overrides: list[str]
    store: RunStore
    settings: TrainerSettings
    protocols: Mapping[str, ProbeProtocol]
    labels_used: bool
    code: Mapping[str, str]
    _ids: dict[str | None, str] = field(default_factory=dict, repr=False)

    def run_id(self, fingerprint: str | None) -> str:
        """Compute the id of the run on the graph with this fingerprint, once."""
        if fingerprint not in self._ids:
            self._ids[fingerprint] = identity(self.plain, self.labels_used, fingerprint, self.code)
        return self._ids[fingerprint]

    def folder_name(self, graph: str) -> str:
        """Return what the name of the run's folder begins with, for people."""
        objective = self.config.objective._target_.rsplit(".")[-1].lower()
        return f"{graph}-{objective}-seed{self.config.seed}"

    @property
    def measures(self) -> list[str]:
        """Names of the measures of ``diagnostics.also``."""
        return measures_of(self.plain)

    @property
    def repeatable_graph(self) -> bool:
        """Whether the graph is made without custom code, which might have changed since."""
        return all(t.startswith(_REPEATABLE) for t in targets(self.plain["dataset"]))


def read_request(
    config: DictConfig, choices: Mapping[str, Any], overrides: Sequence[str]
) -> Request:
    """Refuse all that can be refused without the graph, and compute what the rest needs, once.

    Raises:
        ConfigError: a value or a combination of values that cannot work.
    """
    names(config.optimize)
    store, settings = RunStore(build.folder(config, "runs")), build.settings(config)
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[assignment]
    matmul.chosen(settings.matmul, named_device(settings.device, settings.precision))
    named_signals(settings.checkpoint_on)
    one_of("collision", config.collision, COLLISIONS)
    _check_types(config)
    build.check_logger(config)
    protocols = build.protocols(config)
    labels_used = build.labels_used(config)
    if labels_used and len(protocols) != 1:
        raise ConfigError(
            "this run uses labels (objective=supervised or trainer.select=val_accuracy), so it is "
            f"scored on one split of one protocol; got probe={list(protocols)}"
        )
    code = own_code(weights_part(plain, labels_used))
    return Request(
        config, plain, choices, list(overrides), store, settings, protocols, labels_used, code
    )


def run_id(
    config: DictConfig, data: NodeDataset | None = None, plain: dict[str, Any] | None = None
) -> str:
    """Compute the id of the run of ``config``.

    Args:
        config: the composed configuration.
        data: its graph. If None, the graph is loaded only where its files do not tell what it is.
        plain: ``resolved(config)``, where it is at hand.
    """
    fingerprint = build.fingerprint(config) if data is None else data.fingerprint
    plain, uses_labels = plain or resolved(config), build.labels_used(config)
    code = own_code(weights_part(plain, uses_labels))
    return identity(plain, uses_labels, fingerprint, code)


def measures_of(config: Mapping[str, Any]) -> list[str]:
    """Return the names in ``diagnostics.also`` of ``config``, one or a list; none if it is null."""
    also = config["diagnostics"].get("also")
    return [] if also is None else listed(also)


def _check_types(config: DictConfig) -> None:
    whole_number("seed", config.seed, least=0)
    whole_number("probe.split_seed", config.probe.split_seed, least=0)
    if config.diagnostics.every is not None:
        whole_number("diagnostics.every", config.diagnostics.every, least=0)
    check_names(measures_of(resolved(config)))
    if not OmegaConf.is_dict(config.tags):
        raise ConfigError(f"tags must be key=value pairs, +tags.study=mine, got {config.tags!r}")
    for name in ("force", "save_embeddings", "fail_fast", "debug"):
        boolean(name, config[name])

"""Hydra's Optuna sweeper with default directions and with failed trials.

Other Hydra programs are not affected: only ``graphssl``'s command line replaces Hydra's sweeper.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from graphssl.errors import ConfigError, TrainingError
from graphssl.results import quantities
from graphssl.sweeps import optimize


class Optuna(Sweeper):
    """Optimise the quantities in ``optimize=``, by default in the better direction of each.

    A trial that failed, was skipped or lacks a value (its job returns NaN) counts as failed in the
    study, so that it is never the best, whatever the direction. An infinite value in its place
    would stop Optuna's default sampler when several quantities are optimised.

    Args:
        direction: ``minimize``, ``maximize``, a list of one per quantity, or None for the better
            one of each.
        settings: all other arguments of Hydra's own sweeper.
    """

    def __init__(self, direction: Any = None, **settings: Any) -> None:
        self.direction, self.settings = direction, settings
        self.context: dict[str, Any] = {}

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Store what Hydra passes before ``sweep``."""
        self.context = {
            "hydra_context": hydra_context, "task_function": task_function, "config": config,
        }  # fmt: skip

    def sweep(self, arguments: list[str]) -> None:
        """Check the quantities and directions, then search.

        Raises:
            ConfigError: a quantity or direction is unknown, or no trial can measure the quantity.
            TrainingError: no trial has a value.
        """
        from hydra_plugins.hydra_optuna_sweeper import _impl

        written = [f"{key}={value}" for key, value in (self.settings["params"] or {}).items()]
        space, fixed = _impl.create_params_from_overrides([*written, *arguments])
        names = self._wanted(space, fixed)
        directions = optimize.directions(names, self.direction)
        for line in optimize.doubts(names, directions):
            print(f"graphssl: {line}", file=sys.stderr)
        sweeper = _impl.OptunaSweeperImpl(direction=list(directions), **self.settings)
        sweeper.setup(**self.context)
        with _missing_values_fail() as any_value:
            try:
                sweeper.sweep(arguments)
            except ValueError:  # raised by Optuna if no trial has completed
                if any_value:
                    raise
        if not any_value:
            raise TrainingError(
                f"optimize={','.join(names)}: no trial of this sweep has a value, so none is best"
            )

    def _wanted(self, space: Mapping[str, Any], fixed: Mapping[str, Any]) -> list[str]:
        """Return the names of the quantities; check that every trial can measure them."""
        if "optimize" in space:
            raise ConfigError("optimize= is what trials are compared by and cannot be swept")
        loader, master = self.context["hydra_context"].config_loader, self.context["config"]
        config = loader.load_sweep_config(master, [f"{k}={value}" for k, value in fixed.items()])
        names = quantities.names(config.optimize)
        if not any(key.split(".")[0] in ("probe", "experiment") for key in space):
            optimize.require_validation(names, config)
        return names


def register() -> None:
    """Make ``hydra/sweeper=optuna`` this sweeper, if Hydra's own is installed."""
    Plugins.instance()  # finds Hydra's own and stores its configuration
    store = ConfigStore.instance()
    if "optuna.yaml" in store.list("hydra/sweeper"):
        node = store.load("hydra/sweeper/optuna.yaml").node.copy()
        node._target_, node.direction = f"{Optuna.__module__}.{Optuna.__name__}", None
        store.store("optuna", node, group="hydra/sweeper", provider="graphssl")


@contextmanager
def _missing_values_fail() -> Iterator[list[bool]]:
    """Record trials with a NaN as failed; yield a list that is empty until a trial has values.

    Hydra's sweeper reports every trial as complete, which Optuna refuses for NaN.
    """
    from optuna import Study
    from optuna.trial import TrialState

    valued, tell = [], Study.tell

    def tell_or_fail(study: Study, trial: Any, values: Any = None, state: Any = None) -> None:
        if values is not None and any(map(math.isnan, values)):
            tell(study, trial, state=TrialState.FAIL)
        else:
            valued.append(True)
            tell(study, trial, values, state)

    Study.tell = tell_or_fail
    try:
        yield valued
    finally:
        Study.tell = tell

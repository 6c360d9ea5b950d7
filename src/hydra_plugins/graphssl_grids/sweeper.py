"""A sweeper for tables: several grids in one sweep, only what is left of them, then the table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf

from graphssl.sweeps import progress


class Grids(Sweeper):
    """The union of ``each x (floors + grids)``, less what is finished.

    Args:
        grids: of every grid what ``graphssl -m`` would get, key -> values (``"none,werank"``).
        each: what all grids are taken over, one after the other: datasets with their own length.
        floors: further grids, the floor rows of accuracy tables.
        table: the table that the sweep ends with; none where empty.
        figures: figures that it ends with.
        formats: of table and figures, as ``graphssl-report --format``.
        out: folder for them.
        seconds: dataset -> wall time of one pretraining run, the estimate as long as the folder of
            runs has no run of that dataset.

    What the command line says wins over what a grid says.
    """

    def __init__(
        self,
        grids: Sequence[Mapping[str, Any]],
        each: Sequence[Mapping[str, Any]] = ({},),
        floors: Sequence[Mapping[str, Any]] = (),
        table: str | None = None,
        figures: Sequence[str] = (),
        formats: Sequence[str] = ("md",),
        out: str = "report",
        seconds: Mapping[str, float] | None = None,
    ) -> None:
        self.grids = [{**base, **grid} for base in each for grid in (*floors, *grids)]
        self.table, self.figures, self.formats, self.out = table, figures, formats, Path(out)
        self.seconds = dict(seconds or {})
        self.hydra_context: HydraContext | None = None
        self.config: DictConfig | None = None
        self.launcher: Launcher | None = None

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Hydra's call before ``sweep``."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Say what is left, run it, print the table."""
        from graphssl.config import build
        from graphssl.report.build import compose_report
        from graphssl.report.publish import publish
        from graphssl.report.tables.definition import load_definition
        from graphssl.sweeps.plan import make_plan

        assert self.config is not None
        assert self.hydra_context is not None
        assert self.launcher is not None
        if self.table:
            load_definition(self.table)  # its errors come now, not when all has run
        loader, config = self.hydra_context.config_loader, self.config
        parser = OverridesParser.create(config_loader=loader)
        jobs = expand(parser, self.grids, arguments)
        plan = make_plan(
            [(job, loader.load_sweep_config(config, list(job))) for job in jobs], self.seconds
        )
        print(f"graphssl: {plan}", flush=True)
        folder = Path(config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, folder / "multirun.yaml")
        progress.begin(folder, len(plan.left), arguments)
        results = self.launcher.launch(plan.left, initial_job_idx=0) if plan.left else []
        for result in results:
            _ = result.return_value  # raises what made a job end
        if self.table:
            report = compose_report(str(build.folder(config, "runs")), self.table)
            publish(report, self.formats, self.figures, self.out)
        return results


def expand(
    parser: OverridesParser, grids: Sequence[Mapping[str, Any]], arguments: Sequence[str]
) -> list[list[str]]:
    """Overrides of every job of every grid, each job once, in the order of the grids."""
    jobs: dict[tuple[str, ...], list[str]] = {}
    for grid in grids:
        axes: dict[str, list[str]] = {}
        written = [f"{key}={value}" for key, value in grid.items()]
        for override in parser.parse_overrides([*written, *arguments]):
            key = override.get_key_element()
            if override.is_sweep_override():
                values = list(override.sweep_string_iterator())
            else:
                values = [override.get_value_element_as_str()]
            axes[key] = [f"{key}={value}" for value in values]
        for job in itertools.product(*axes.values()):
            jobs.setdefault(tuple(sorted(job)), list(job))
    return list(jobs.values())

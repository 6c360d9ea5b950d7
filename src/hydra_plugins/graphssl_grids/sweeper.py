"""A sweeper for tables: run the unfinished jobs of several grids, then print the table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from graphssl.sweeps import progress
from graphssl.sweeps.ready_sweeper import ReadySweeper


class Grids(ReadySweeper):
    """Run the jobs of ``each x (floors + grids)`` that are not finished, then report.

    The command line overrides the grids.

    Args:
        grids: the overrides of each grid, as for ``graphssl -m``: key -> values
            (``"none,werank"``).
        each: overrides that every grid is combined with, one set after the other, e.g. datasets and
            their number of steps.
        floors: further grids, for the floor rows of accuracy tables.
        table: table to print at the end; None for none.
        figures: figures to draw at the end.
        formats: formats of table and figures, as in ``graphssl-report --format``.
        out: folder for table and figures.
        seconds: dataset -> estimated wall time of one pretraining run, used until the folder of
            runs contains one on that dataset.
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

    def sweep(self, arguments: list[str]) -> Any:
        """Print the plan, run the remaining jobs, and print the table."""
        from graphssl.config import build
        from graphssl.config.composer import Composer
        from graphssl.report.build import compose_report
        from graphssl.report.publish import publish
        from graphssl.report.tables.definition import load_definition
        from graphssl.sweeps.plan import make_plan

        if self.table:
            load_definition(self.table)  # raises its errors now, not after all runs
        loader, config = self.hydra_context.config_loader, self.config
        parser = OverridesParser.create(config_loader=loader)
        jobs = expand(parser, self.grids, arguments)
        composer, fixed = Composer(loader), list(config.hydra.overrides.hydra)
        plan = make_plan([(job, composer([*fixed, *job])) for job in jobs], self.seconds)
        print(f"graphssl: {plan}", flush=True)
        folder = Path(config.hydra.sweep.dir)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(config, folder / "multirun.yaml")
        progress.begin(folder, len(plan.left), arguments)
        results = self.launcher.launch(plan.left, initial_job_idx=0) if plan.left else []
        for result in results:
            _ = result.return_value  # raises the job's exception, if any
        if self.table:
            report = compose_report(str(build.folder(config, "runs")), self.table)
            publish(report, self.formats, self.figures, self.out)
        return results


def expand(
    parser: OverridesParser, grids: Sequence[Mapping[str, Any]], arguments: Sequence[str]
) -> list[list[str]]:
    """List the overrides of every job of every grid, each job once, in the order of the grids."""
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

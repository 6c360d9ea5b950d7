"""Measures of ``diagnostics.also``, of a run that ends or that has ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from graphssl.diagnostics.named import named_measures
from graphssl.pipeline.looks import views_to_measure
from graphssl.pipeline.prepare import Job
from graphssl.pipeline.request import measures_of
from graphssl.results.record import RunRecord

log = logging.getLogger(__name__)

Places = dict[str, dict[str, Any]]


def with_named(
    diagnostics: Mapping[str, Mapping[str, Any]],
    job: Job,
    objective: nn.Module,
    names: Sequence[str],
) -> Places:
    """Return ``diagnostics`` (place -> measure -> value) with the measures ``names`` added."""
    encoder: nn.Module = objective.encoder  # type: ignore[assignment]
    view, two_views = job.data.graph.view(), views_to_measure(job)
    found = {place: dict(values) for place, values in diagnostics.items()}
    for key, value in named_measures(names, encoder, view, two_views).items():
        place, _, measure = key.partition("/")
        found.setdefault(place, {})[measure] = value
    return found


def measured(record: RunRecord, job: Job, objective: nn.Module, names: Sequence[str]) -> RunRecord:
    """Return ``record``, of a finished run, with the measures ``names`` added."""
    log.info("measuring %s", ", ".join(names))
    also = {"also": [*measures_of(record.config), *names]}
    settings = {**record.config, "diagnostics": {**record.config["diagnostics"], **also}}
    diagnostics = with_named(record.diagnostics, job, objective, names)
    return replace(record, config=settings, diagnostics=diagnostics)


def unmeasured(record: RunRecord | None, wanted: Sequence[str]) -> list[str]:
    """List the measures of ``wanted`` that ``record`` lacks; none before there is a record.

    Training ends with all that are wanted.
    """
    known = [] if record is None else measures_of(record.config)
    return [] if record is None else [name for name in wanted if name not in known]

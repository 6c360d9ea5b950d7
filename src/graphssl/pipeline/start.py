"""Look at a network before its first training step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from graphssl.config.messages import is_expected
from graphssl.config.user_frames import user_frames
from graphssl.diagnostics.range_checks import size_range
from graphssl.diagnostics.start import after_first_forward
from graphssl.errors import ConfigError, DataError, NotFiniteError, words
from graphssl.pipeline.prepare import Job
from graphssl.seeding import generator


def started(job: Job) -> nn.Module:
    """Copy the objective, with the batch statistics that the first training step will leave.

    The copy sees the views of that step, from a fresh generator of the same stream, and its
    dropout, so that a measurement after a step with a learning rate of 0 gives the same numbers.
    """
    stream = generator(job.config.seed, "augmentation", job.device)
    with torch.autocast(job.device.type, torch.bfloat16, job.settings.precision == "bf16"):
        return after_first_forward(job.objective, *job.augmentation(job.data.graph.view(), stream))


@contextmanager
def before_training(job: Job) -> Iterator[None]:
    """Attribute failures inside the block to the graph or the settings, not to training.

    Raises:
        DataError: a value is not finite; the message gives the size of the graph's values.
        ConfigError: torch or PyG refuses the forward pass.
    """
    try:
        yield
    except NotFiniteError as error:
        graph = job.data.graph
        found = f"features {size_range(graph.x)}"
        if graph.edge_weight is not None:
            found += f", edge weights {size_range(graph.edge_weight)}"
        found = job.data.facts.get("negative_degree", found)
        raise DataError(f"{job.data.name}: before the first step {error}: {found}") from error
    except Exception as error:
        # Settings that only the forward pass of torch or PyG refuses; what custom code raises, and
        # memory, are reported elsewhere.
        if is_expected(error) or user_frames(error):
            raise
        raise ConfigError(
            f"the first forward pass fails: {words(error)}; check the settings of encoder, "
            "objective and augmentation"
        ) from error

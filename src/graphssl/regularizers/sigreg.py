"""LeJEPA's SIGReg as a penalty (arXiv 2511.08544)."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor

from graphssl.checks import whole_number
from graphssl.objectives.lejepa import sigreg
from graphssl.regularizers.output_penalty import OutputPenalty


@dataclass(eq=False)
class SIGReg(OutputPenalty):
    """``alpha * mean_v`` of ``sigreg``: distance of random projections of the rows from N(0, 1).

    The directions of a step are drawn from a generator seeded with the number of the step, as in
    LeJEPA's code: they are new in every step, the same for both views and after resuming, and no
    stream of training moves.

    Args:
        alpha, where: see ``OutputPenalty``.
        directions: number of projections.
        knots: number of points of the integral.

    Raises:
        ConfigError: ``directions`` is below 1 or ``knots`` below 2; others as ``OutputPenalty``.

    Example:
        >>> from graphssl.contracts import StepOutput
        >>> z = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> near, far = (SIGReg(alpha=1.0)({}, StepOutput(z.sum(), (x,))).total for x in (z, 9 * z))
        >>> bool(near < far)
        True
    """

    directions: int = 256
    knots: int = 17
    _step: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        whole_number("directions", self.directions, least=1)
        whole_number("knots", self.knots, least=2)

    def at(self, step: int, total: int) -> Self:
        """Return the penalty with the directions of ``step``."""
        del total
        now = copy(self)
        now._step = step
        return now

    def value(self, z: Tensor) -> Tensor:
        """Compute ``sigreg`` of one view."""
        draw = torch.Generator(z.device).manual_seed(self._step)
        shape = (z.size(1), self.directions)
        directions = torch.randn(shape, generator=draw, dtype=z.dtype, device=z.device)
        return sigreg(z, torch.nn.functional.normalize(directions, dim=0), self.knots)

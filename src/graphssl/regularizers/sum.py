"""A sum of regularizers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Self, TypeVar

from torch import Tensor, nn

from graphssl.contracts import Penalty, Regularizer, StepOutput
from graphssl.errors import ConfigError

T = TypeVar("T")


class Sum(Regularizer):
    """The sum of several regularizers; names of layers are prefixed with the term's name.

    Args:
        terms: name -> regularizer, e.g. ``werank`` -> ``WERank(...)``.

    Raises:
        ConfigError: ``terms`` is empty.

    Example:
        >>> import torch
        >>> from graphssl.regularizers import WERank
        >>> output = StepOutput(torch.tensor(0.0), ())
        >>> Sum({"werank": WERank(alpha=0.5)})({"lin": 2 * torch.eye(4)}, output).per_layer
        {'werank.lin': tensor(6.)}
    """

    def __init__(self, terms: Mapping[str, Regularizer]) -> None:
        if not terms:
            raise ConfigError(f"terms must name at least one regularizer, got {dict(terms)}")
        self.terms = dict(terms)

    def __call__(self, weights: Mapping[str, Tensor], output: StepOutput) -> Penalty:
        """Add totals and floors; layers are named ``<term>.<layer>``."""
        penalties = {name: term(weights, output) for name, term in self.terms.items()}
        total = sum((p.total for p in penalties.values()), start=output.loss.new_zeros(()))
        return Penalty(
            total,
            _flatten({name: p.per_layer for name, p in penalties.items()}),
            sum(p.floor for p in penalties.values()),
            _flatten({name: p.floors for name, p in penalties.items()}),
        )

    def check(self, network: nn.Module) -> None:
        """Check that ``network`` fits every term."""
        for term in self.terms.values():
            term.check(network)

    def at(self, step: int, total: int) -> Self:
        """Return the sum with its terms at ``step`` (from 0) of ``total``; itself if unchanged."""
        terms = {name: term.at(step, total) for name, term in self.terms.items()}
        if all(terms[name] is term for name, term in self.terms.items()):
            return self
        now = copy(self)
        now.terms = terms
        return now

    def decoupled_step(self, weights: Mapping[str, Tensor], lr: float | Tensor) -> None:
        """Take the decoupled step of each term in order."""
        for term in self.terms.values():
            term.decoupled_step(weights, lr)


def _flatten(per_term: Mapping[str, Mapping[str, T]]) -> dict[str, T]:
    return {
        f"{term}.{layer}": v for term, layers in per_term.items() for layer, v in layers.items()
    }

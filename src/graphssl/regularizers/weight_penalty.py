"""Base class of penalties on weights: choice of matrices, strength, schedule and application."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Literal, Self, get_args

import torch
from torch import Tensor, nn

from graphssl.checks import number, one_of, whole_number
from graphssl.contracts import Penalty, Regularizer, StepOutput
from graphssl.encoders.layer_weights import Layers, LayerWeights, layer_weights
from graphssl.errors import ConfigError
from graphssl.regularizers.alpha import (
    Alpha,
    Schedule,
    alpha_factor,
    alpha_per_layer,
)

Heads = Literal["jointly", "separately"]
Apply = Literal["loss", "decoupled"]
Source = nn.Module | Mapping[str, Tensor] | Iterable[Tensor]

logger = logging.getLogger(__name__)


@dataclass(eq=False)
class WeightPenalty(Regularizer):
    """``sum_l alpha_l * value(weight_l)`` over the weight matrices of the trained network.

    A ``source`` may be a network (its trainable matrices are found by ``layer_weights``), a mapping
    name -> (out, in) or a list of matrices. Subclasses define ``value`` and ``floor``.

    Args:
        alpha: strength, a number or layer-name pattern -> number; the first pattern that matches a
            layer counts, and a layer that none matches is left out.
        layers: ``"all"``, or the part of the network with which the layers' names start.
        heads: whether the concatenated weights of several attention heads count as one matrix
            (``"jointly"``) or as one per head (``"separately"``).
        schedule: alpha over the steps: ``"constant"``, ``"warmup"`` (linear from 0) or ``"cosine"``
            (to 0).
        schedule_steps: length of the schedule; None means the whole run.
        apply: ``"loss"`` adds the penalty to the loss, as the paper does; ``"decoupled"`` leaves
            the loss unchanged and sets ``W <- W - lr * alpha * grad`` separately from the
            optimizer, as AdamW does with weight decay (arXiv 1711.05101), so that Adam does not
            rescale it.

    Raises:
        ConfigError: an alpha is negative or not finite, ``schedule_steps`` is below 1, or a choice
            is unknown; when called: no matrix is found, a pattern matches none, or the schedule is
            longer than the run.
    """

    alpha: Alpha = 1e-2
    layers: Layers = "all"
    heads: Heads = "jointly"
    schedule: Schedule = "constant"
    schedule_steps: int | None = None
    apply: Apply = "loss"
    _factor: float = field(default=1.0, init=False, repr=False)
    # Shared with the copies that at() makes, so that each set of matrices is logged once.
    _announced: set[tuple[str, ...]] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        if isinstance(self.alpha, Mapping):
            if not self.alpha:
                raise ConfigError("alpha must name at least one layer pattern, got {}")
            for pattern, value in self.alpha.items():
                number(f"alpha of {pattern!r}", value, least=0)
        else:
            number("alpha", self.alpha, least=0)
        one_of("layers", self.layers, get_args(Layers))
        one_of("heads", self.heads, get_args(Heads))
        one_of("schedule", self.schedule, get_args(Schedule))
        one_of("apply", self.apply, get_args(Apply))
        if self.schedule_steps is not None:
            whole_number("schedule_steps", self.schedule_steps, least=1)

    @abstractmethod
    def value(self, weight: Tensor) -> Tensor:
        """Compute the penalty of one matrix (out, in), without alpha."""

    @abstractmethod
    def floor(self, weight: Tensor) -> float:
        """Compute the lower bound of ``value`` at the shape of ``weight``."""

    def __call__(self, weights: Mapping[str, Tensor], output: StepOutput) -> Penalty:
        """Compute ``penalty`` of the weights; ``output`` is not used."""
        del output
        return self.penalty(weights)

    def penalty(self, source: Source) -> Penalty:
        """Compute the total to add to the loss, and each matrix's value, with their floors.

        Values that do not enter the loss (alpha 0, ``apply="decoupled"``) are computed without
        autograd; if none does, the total is zero.

        Args:
            source: a network, a mapping name -> (out, in) or a list of matrices.

        Raises:
            ConfigError: no matrix is found, or a pattern of ``alpha`` matches none.
        """
        weights, alphas = self._taken(source)
        in_loss = self.apply == "loss"
        values: dict[str, Tensor] = {}
        total: Tensor | None = None
        for name, alpha in alphas.items():
            with torch.set_grad_enabled(torch.is_grad_enabled() and in_loss and alpha > 0):
                values[name] = self.value(weights[name])
            if in_loss and alpha > 0:
                term = alpha * values[name]
                total = term if total is None else total + term
        per_layer = {name: value.detach() for name, value in values.items()}
        if total is None:
            total = next(iter(values.values())).new_zeros(())
        floors = {name: self.floor(weights[name]) for name in alphas}
        floor = sum(alphas[name] * floors[name] for name in alphas) if in_loss else 0.0
        return Penalty(total, per_layer, floor, floors)

    def decoupled_step(self, source: Source, lr: float | Tensor) -> None:
        """Set ``W <- W - lr * alpha * grad`` in place; do nothing if ``apply="loss"``.

        Call this before the optimizer's step, so that the gradient is taken at the old weights.

        Args:
            source: a network, a mapping name -> (out, in) or a list of matrices.
            lr: learning rate of this step, a number or a scalar on the device.

        Raises:
            ConfigError: a matrix is computed from parameters instead of being one.
        """
        if self.apply == "loss":
            return
        weights, alphas = self._taken(source)
        for name, alpha in alphas.items():
            if alpha > 0:
                weight = weights[name].detach().requires_grad_()  # shares the parameter's storage
                with torch.enable_grad():
                    (grad,) = torch.autograd.grad(self.value(weight), weight)
                with torch.no_grad():
                    if isinstance(lr, Tensor):  # on a GPU, without synchronising
                        weight.addcmul_(grad, lr, value=-alpha)
                    else:
                        weight.sub_(grad, alpha=lr * alpha)

    def at(self, step: int, total: int) -> Self:
        """Return the penalty with alpha at ``step`` (from 0) of ``total``; itself if unchanged."""
        factor = alpha_factor(self.schedule, step, total, self.schedule_steps)
        if factor == self._factor:
            return self
        now = copy(self)
        now._factor = factor
        return now

    def check(self, network: nn.Module) -> None:
        """Check that ``network`` has the layers that ``layers`` and ``alpha`` name.

        Raises:
            ConfigError: a layer is missing.
        """
        self._select(network)

    def _taken(self, source: Source) -> tuple[LayerWeights, dict[str, float]]:
        weights, alphas = self._select(source)
        self._announce({name: weights[name] for name in alphas})
        return weights, alphas

    def _select(self, source: Source) -> tuple[LayerWeights, dict[str, float]]:
        found = layer_weights(source, trainable=isinstance(source, nn.Module))
        part = found.of_part(self.layers)
        if self.heads == "separately":
            if not isinstance(source, (nn.Module, LayerWeights)):
                kind = type(source).__name__
                raise ConfigError(f"heads='separately' needs a network to count them, got {kind}")
            part = part.per_head()
        alphas = alpha_per_layer(self.alpha, part)
        for name, alpha in alphas.items():
            computed = part[name].grad_fn is not None and part[name]._base is None
            if self.apply == "decoupled" and alpha > 0 and computed:
                raise ConfigError(
                    f"apply='decoupled': {name} is computed, not a parameter; use apply='loss'"
                )
        return part, {name: alpha * self._factor for name, alpha in alphas.items()}

    def _announce(self, taken: Mapping[str, Tensor]) -> None:
        if tuple(taken) not in self._announced:
            self._announced.add(tuple(taken))
            shapes = ", ".join(f"{n} ({w.size(0)} x {w.size(1)})" for n, w in taken.items())
            logger.info("%s penalises %s", type(self).__name__, shapes)

"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from graphssl.augmentation.two_views import TwoViews
from graphssl.contracts import Penalty, Regularizer
from graphssl.encoders.layer_weights import layer_weights
from graphssl.errors import NotFiniteError, TrainingError
from graphssl.graph import Graph
from graphssl.training.clock import Clock
from graphssl.training.fused import fuse
from graphssl.training.gpu.cuda_graph import CapturedStep, Step, captures
from graphssl.training.matmul import matmul_precision
from graphssl.training.settings import TrainerSettings


@dataclass
class TrainingState:
    """Everything that changes during training, which is what a checkpoint stores.

    Attributes:
        objective: the ``Objective`` being trained.
        optimizer: the optimizer of the objective's trainable parameters.
        generator: random stream of the augmentations.
        step: number of optimizer steps done.
        seconds: their wall time, over all processes that took part.
    """

    objective: nn.Module
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class StepReport:
    """The result of a step, passed to observers; tensors are detached.

    Read ``penalty.per_layer`` at once: the next captured step overwrites it.
    """

    step: int
    total: int
    loss: Tensor
    penalty: Penalty
    learning_rate: float
    state: TrainingState


class Observer(Protocol):
    """A callback that must not affect training: it changes no weight and no random stream."""

    def __call__(self, report: StepReport) -> None:
        """Observe the step that was just taken."""
        ...


def train(
    state: TrainingState,
    graph: Graph,
    augmentation: TwoViews,
    regularizer: Regularizer,
    settings: TrainerSettings,
    observers: Sequence[Observer],
    clock: Clock | None = None,
    suspect: str | None = None,
    stops: Callable[[int], bool] | None = None,
) -> None:
    """Train from ``state.step`` to ``settings.steps``.

    Args:
        state: objective, optimizer and random stream, updated in place.
        graph: the graph, on the device of the objective.
        augmentation: makes the two views of each step.
        regularizer: the penalty added to the loss.
        settings: the trainer's settings.
        observers: callbacks, called in order after each step.
        clock: measures the parts of a step, if given.
        suspect: a property of the graph that may make the loss not finite, reported instead of
            general advice.
        stops: called with the number of steps taken; training ends early once it returns True.

    Raises:
        TrainingError: the loss became NaN or infinite.
        ConfigError: ``trainer.cuda_graph=true`` and the step cannot be captured.
    """
    clock = clock or Clock()
    objective, optimizer, total = state.objective, state.optimizer, settings.steps
    fuse(optimizer, graph.x.device)
    take_step: Step = partial(_step, state, graph, augmentation, settings, clock)
    if captures(settings, objective, optimizer, graph.x.device):
        required = settings.cuda_graph is True
        take_step = CapturedStep(take_step, regularizer, optimizer, state.generator, required)
    watch = LossWatch(settings.log_every, *(getattr(o, "every", 0) for o in observers))
    watch.suspect = suspect
    started = time.perf_counter() - state.seconds
    objective.train()
    with matmul_precision("high" if settings.precision == "tf32" else None):
        for step in range(state.step, total):
            if stops is not None and stops(step):
                break
            with clock("other"):
                factor = settings.learning_rate_factor(step)
                learning_rate = set_learning_rate(optimizer, factor)
                loss, penalty = take_step(regularizer.at(step, total))
                with clock("EMA"):
                    objective.after_step(step + 1, total)  # type: ignore[operator]
                state.step, state.seconds = step + 1, time.perf_counter() - started
                report = StepReport(state.step, total, loss, penalty, learning_rate, state)
                with clock("observers"):
                    watch(report)
                    _look(observers, report, watch)
        watch.look()


# Parametrized weights are computed once per step, for both views and the penalty.
@parametrize.cached()
def _step(
    state: TrainingState,
    graph: Graph,
    augmentation: TwoViews,
    settings: TrainerSettings,
    clock: Clock,
    regularizer: Regularizer,
) -> tuple[Tensor, Penalty]:
    """Take one step: views, loss, penalty, gradient, update. Return loss and penalty, detached."""
    objective, optimizer = state.objective, state.optimizer
    # First of all, so that parametrized weights are computed without autocast.
    weights = layer_weights(objective, trainable=True)
    with torch.autocast(graph.x.device.type, torch.bfloat16, settings.precision == "bf16"):
        with clock("augmentation"):
            view1, view2 = augmentation(graph.view(), state.generator)
        with clock("loss"), clock.networks(objective):
            output = objective(view1, view2)
    with clock("regularizer"):
        penalty = regularizer(weights, output)
    with clock("backward"):
        optimizer.zero_grad()
        (output.loss + penalty.total).backward()
    with clock("optimizer"):
        if settings.grad_clip is not None:
            parameters = objective.trainable_parameters()  # type: ignore[operator]
            nn.utils.clip_grad_norm_(parameters, settings.grad_clip)
        regularizer.decoupled_step(weights, optimizer.param_groups[0]["lr"])
        optimizer.step()
    return output.loss.detach(), replace(penalty, total=penalty.total.detach())


def _look(observers: Sequence[Observer], report: StepReport, watch: LossWatch) -> None:
    """Call the observers, which may find values that are not finite before the loss does."""
    try:
        for observer in observers:
            observer(report)
    except NotFiniteError as error:
        raise TrainingError(
            f"the network is not finite after step {report.step}: {error}; {watch.advice}"
        ) from error


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> float:
    """Set each group's learning rate to ``initial_lr * factor``; return that of the first group."""
    rates: list[float] = [group["initial_lr"] * factor for group in optimizer.param_groups]
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        if isinstance(group["lr"], Tensor):  # on the device, where a captured step reads it
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
    return rates[0]


class LossWatch:
    """Stop training at the first loss that is not finite.

    Losses are read only at steps at which an observer acts, so that a GPU is not synchronised at
    every step, yet nothing that is not finite is evaluated or saved.

    Args:
        every: intervals of the observers, in steps; 0 for an observer without one.
    """

    def __init__(self, *every: int) -> None:
        self.every = [steps for steps in every if steps]
        self.last_finite: float | None = None
        self.suspect: str | None = None
        self._pending: list[StepReport] = []

    def __call__(self, report: StepReport) -> None:
        """Remember the loss of this step; check all remembered ones if an observer acts now."""
        self._pending.append(report)
        if report.step == report.total or any(report.step % every == 0 for every in self.every):
            self.look()

    @property
    def advice(self) -> str:
        """The last finite loss, and the likely cause or options to try."""
        tries = (
            "try a smaller optimizer.lr, a smaller regularizer alpha, trainer.grad_clip=1.0 or "
            "trainer.precision=fp32"
        )
        return f"last finite loss {self.last_finite}; {self.suspect or tries}"

    def look(self) -> None:
        """Raise ``TrainingError`` at the first remembered loss that is not finite."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        losses = torch.stack([r.loss for r in pending]).tolist()
        penalties = torch.stack([r.penalty.total for r in pending]).tolist()
        for report, loss, penalty in zip(pending, losses, penalties, strict=True):
            total = loss + penalty
            if not math.isfinite(total):
                raise TrainingError(
                    f"loss is not finite at step {report.step}: loss {loss}, penalty {penalty}; "
                    f"{self.advice}"
                )
            self.last_finite = total

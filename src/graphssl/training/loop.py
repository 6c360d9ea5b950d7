"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn

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
    """Everything that training moves; what a checkpoint holds.

    Attributes:
        objective: the ``Objective`` being trained.
        optimizer: over the objective's trainable parameters.
        generator: the augmentations' own random stream.
        step: optimizer steps done.
        seconds: wall time they took, over all processes that took part.
    """

    objective: nn.Module
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class StepReport:
    """What an observer may look at after a step; tensors are detached.

    ``penalty.per_layer`` is to be read at once: a captured step writes it anew.
    """

    step: int
    total: int
    loss: Tensor
    penalty: Penalty
    learning_rate: float
    state: TrainingState


class Observer(Protocol):
    """Looks at training and cannot change it: it moves no weight and draws from no stream of it."""

    def __call__(self, report: StepReport) -> None:
        """Called after every step."""
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
) -> None:
    """Take the steps from ``state.step`` to ``settings.steps``, in the order things happen.

    ``suspect`` is what in the graph may make the loss not finite, said in place of advice.

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


def _step(
    state: TrainingState,
    graph: Graph,
    augmentation: TwoViews,
    settings: TrainerSettings,
    clock: Clock,
    regularizer: Regularizer,
) -> tuple[Tensor, Penalty]:
    """Views, loss, penalty, gradient, new weights. Loss and penalty come back detached."""
    objective, optimizer = state.objective, state.optimizer
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
    """Let observers look; they may meet what the next loss would show."""
    try:
        for observer in observers:
            observer(report)
    except NotFiniteError as error:
        raise TrainingError(
            f"the network is not finite after step {report.step}: {error}; {watch.advice}"
        ) from error


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> float:
    """Every group's ``initial_lr`` times ``factor``; returns that of the first group."""
    rates: list[float] = [group["initial_lr"] * factor for group in optimizer.param_groups]
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        if isinstance(group["lr"], Tensor):  # on the device, where a captured step reads it
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate
    return rates[0]


class LossWatch:
    """Stops training at the first loss that is not finite.

    Losses are looked at when an observer is about to do something (every so many steps), so that a
    GPU is not made to wait at each one and nothing that is not finite is evaluated or saved.
    """

    def __init__(self, *every: int) -> None:
        self.every = [steps for steps in every if steps]
        self.last_finite: float | None = None
        self.suspect: str | None = None
        self._pending: list[StepReport] = []

    def __call__(self, report: StepReport) -> None:
        """Remember the loss of this step; look when it is time."""
        self._pending.append(report)
        if report.step == report.total or any(report.step % every == 0 for every in self.every):
            self.look()

    @property
    def advice(self) -> str:
        """The last finite loss, and the likely cause or what to try."""
        tries = (
            "try a smaller optimizer.lr, a smaller regularizer alpha, trainer.grad_clip=1.0 or "
            "trainer.precision=fp32"
        )
        return f"last finite loss {self.last_finite}; {self.suspect or tries}"

    def look(self) -> None:
        """Raise at the first remembered loss that is not finite."""
        pending, self._pending = self._pending, []
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

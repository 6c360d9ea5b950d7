"""The training loop."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from graphssl.augmentation.two_views import TwoViews
from graphssl.contracts import Penalty, Regularizer
from graphssl.encoders.layer_weights import layer_weights
from graphssl.errors import TrainingError
from graphssl.graph import Graph
from graphssl.schedules import warmup_cosine
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
    """What an observer may look at after a step; tensors are detached."""

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
) -> None:
    """Take the steps from ``state.step`` to ``settings.steps``, in the order things happen.

    Raises:
        TrainingError: the loss became NaN or infinite.
    """
    objective, optimizer = state.objective, state.optimizer
    base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
    parameters = list(objective.trainable_parameters())  # type: ignore[operator]
    watch = LossWatch(settings.log_every, *(getattr(o, "every", 0) for o in observers))
    started = time.perf_counter() - state.seconds
    objective.train()
    with matmul_precision(settings.precision):
        for step in range(state.step, settings.steps):
            factor = warmup_cosine(step, settings.steps, settings.warmup_steps)
            for group, base_lr in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = base_lr * factor
            regularizer_now = regularizer.at(step, settings.steps)
            weights = layer_weights(objective, trainable=True)

            with torch.autocast(graph.x.device.type, torch.bfloat16, settings.precision == "bf16"):
                view1, view2 = augmentation(graph.view(), state.generator)
                output = objective(view1, view2)
            penalty = regularizer_now(weights, output)
            loss = output.loss + penalty.total
            optimizer.zero_grad()
            loss.backward()
            if settings.grad_clip is not None:
                nn.utils.clip_grad_norm_(parameters, settings.grad_clip)
            regularizer_now.decoupled_step(weights, base_lrs[0] * factor)
            optimizer.step()
            objective.after_step(step + 1, settings.steps)  # type: ignore[operator]
            state.step, state.seconds = step + 1, time.perf_counter() - started

            report = StepReport(
                step=state.step,
                total=settings.steps,
                loss=output.loss.detach(),
                penalty=replace(penalty, total=penalty.total.detach()),
                learning_rate=base_lrs[0] * factor,
                state=state,
            )
            watch(report)
            for observer in observers:
                observer(report)


class LossWatch:
    """Stops training at the first loss that is not finite.

    Losses are looked at when an observer is about to do something (every so many steps), so that a
    GPU is not made to wait at each one and nothing that is not finite is evaluated or saved.
    """

    def __init__(self, *every: int) -> None:
        self.every = [steps for steps in every if steps]
        self.last_finite: float | None = None
        self._pending: list[StepReport] = []

    def __call__(self, report: StepReport) -> None:
        """Remember the loss of this step; look when it is time."""
        self._pending.append(report)
        if report.step == report.total or any(report.step % every == 0 for every in self.every):
            self.look()

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
                    f"last finite loss {self.last_finite}; try a smaller optimizer.lr, a smaller "
                    f"regularizer alpha, trainer.grad_clip=1.0 or trainer.precision=fp32"
                )
            self.last_finite = total


@contextmanager
def matmul_precision(precision: str) -> Iterator[None]:
    """Let float32 products round to TF32 inside the block if ``precision`` says so."""
    before = torch.get_float32_matmul_precision()
    if precision == "tf32":
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)

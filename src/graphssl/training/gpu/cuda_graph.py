"""A training step recorded once as a CUDA graph, then replayed with one launch.

The first steps of the run are the warm-up that a capture needs: they are steps like any other, so
nothing has to be put back. What changes from step to step reaches the graph through memory: the
learning rate is a tensor, the masks come from a generator registered with the graph. An objective
moves its target after the step, outside the graph.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from graphssl.contracts import Penalty, Regularizer
from graphssl.errors import ConfigError, TrainingError
from graphssl.training.fused import FUSED
from graphssl.training.gpu.host_reads import HostReads
from graphssl.training.settings import TrainerSettings

log = logging.getLogger(__name__)

Step = Callable[[Regularizer], tuple[Tensor, Penalty]]

# Steps taken before the capture: the first makes what lasts, the second is watched.
WARMUP = 3


def captures(
    settings: TrainerSettings,
    objective: nn.Module,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> bool:
    """Whether to try and capture, by ``trainer.cuda_graph`` and what can be told beforehand.

    Raises:
        ConfigError: ``trainer.cuda_graph=true``, and it cannot be done.
    """
    required = settings.cuda_graph is True
    if not required and (settings.cuda_graph is False or device.type != "cuda"):
        return False
    reason = None
    if device.type != "cuda":
        reason = f"it needs a GPU, got trainer.device={device}"
    elif settings.profile:
        reason = "trainer.profile=true looks at its parts one by one"
    elif type(optimizer) not in FUSED:
        reason = f"optimizer {type(optimizer).__name__} keeps its learning rate on the host"
    elif not getattr(objective, "static_forward", False):
        reason = f"objective {type(objective).__name__} does not say static_forward = True"
    if reason is not None:
        refuse(reason, required)
    return reason is None


class CapturedStep:
    """``step``, captured after ``WARMUP`` steps and replayed from then on.

    Args:
        step: takes one step under the regularizer given; returns loss and penalty, detached.
        regularizer: the one whose steps can be replayed; under another (an alpha that changes from
            step to step) the step is taken uncaptured.
        optimizer: what ``step`` moves the weights with.
        generator: what ``step`` draws from.
        required: raise where the step turns out not to be capturable.

    Raises:
        ConfigError: ``required``, and the step reads from the device or its alpha changes.
        TrainingError: CUDA refused the capture.
    """

    def __init__(
        self,
        step: Step,
        regularizer: Regularizer,
        optimizer: torch.optim.Optimizer,
        generator: torch.Generator,
        required: bool,
    ) -> None:
        self.step, self.regularizer, self.required = step, regularizer, required
        self.optimizer, self.generator = optimizer, generator
        self.stream = torch.cuda.Stream(generator.device)
        self._warm, self._refused = 0, False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._output: tuple[Tensor, Penalty]

    def __call__(self, regularizer: Regularizer) -> tuple[Tensor, Penalty]:
        """One step. ``per_layer`` of the penalty is overwritten by the next one."""
        if not self._refused and regularizer is not self.regularizer:
            self._refuse("the regularizer's alpha changes from step to step")
        if self._refused:
            return self.step(regularizer)
        if self._warm < WARMUP:
            return self._warm_up()
        if self._graph is None:
            self._graph = self._capture()
        self._graph.replay()
        loss, penalty = self._output
        return loss.clone(), replace(penalty, total=penalty.total.clone())

    def _warm_up(self) -> tuple[Tensor, Penalty]:
        """A step on the capture's own stream, where cuBLAS and cuSPARSE then are at home."""
        self._warm += 1
        outside = torch.cuda.current_stream(self.generator.device)
        self.stream.wait_stream(outside)
        with torch.cuda.stream(self.stream):
            if self._warm == 2:
                with HostReads() as reads:
                    output = self.step(self.regularizer)
                if reads.found:
                    self._refuse(f"{reads.found[0]} in it waits for data")
            else:
                output = self.step(self.regularizer)
        outside.wait_stream(self.stream)
        return output

    def _capture(self) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.generator)
        try:
            with _said_capturable(self.optimizer), torch.cuda.graph(graph, stream=self.stream):
                self._output = self.step(self.regularizer)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise TrainingError(
                f"the step could not be captured ({reason}); trainer.cuda_graph=false goes without"
            ) from error
        log.info("the step is captured as a CUDA graph")
        return graph

    def _refuse(self, reason: str) -> None:
        refuse(reason, self.required)
        self._refused = True


def refuse(reason: str, required: bool) -> None:
    """Say why steps run uncaptured; raise if ``trainer.cuda_graph=true`` asked for more."""
    if required:
        raise ConfigError(f"trainer.cuda_graph=true: the step cannot be captured: {reason}")
    log.info("steps run without a CUDA graph: %s", reason)


@contextmanager
def _said_capturable(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Adam wants to be told; outside of a capture it would warn."""
    groups = [group for group in optimizer.param_groups if "capturable" in group]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False

"""A training step recorded once as a CUDA graph, then replayed with one launch.

The warm-up that a capture needs is the run's first steps, so nothing has to be undone. Values that
change between steps reach the graph through device memory: the learning rate is a tensor, and the
masks come from a generator registered with the graph. An objective moves its target network after
the step, outside the graph.
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

# Steps before the capture: the first fills caches and optimizer state, the second is checked for
# operations that wait for data.
WARMUP = 3


def captures(
    settings: TrainerSettings,
    objective: nn.Module,
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> bool:
    """Decide from ``trainer.cuda_graph``, device and parts whether to try to capture the step.

    Raises:
        ConfigError: ``trainer.cuda_graph=true``, but the step cannot be captured.
    """
    required = settings.cuda_graph is True
    if not required and (settings.cuda_graph is False or device.type != "cuda"):
        return False
    reason = None
    if device.type != "cuda":
        reason = f"it needs a GPU, got trainer.device={device}"
    elif settings.profile:
        reason = "trainer.profile=true times its parts one by one"
    elif type(optimizer) not in FUSED:
        reason = f"optimizer {type(optimizer).__name__} keeps its learning rate on the host"
    elif not getattr(objective, "static_forward", False):
        reason = f"objective {type(objective).__name__} does not set static_forward = True"
    if reason is not None:
        refuse(reason, required)
    return reason is None


class CapturedStep:
    """A training step that is captured after ``WARMUP`` steps and replayed from then on.

    Args:
        step: function that takes one step with a given regularizer and returns loss and penalty,
            detached.
        regularizer: the regularizer of the captured step. If called with another one (alpha changes
            between steps), the step runs uncaptured.
        optimizer: the optimizer that ``step`` uses.
        generator: the generator that ``step`` draws from.
        required: whether to raise an error if the step cannot be captured.

    Raises:
        ConfigError: ``required`` is set, and the step waits for data or its alpha changes.
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
        """Take one step. The next one overwrites ``per_layer`` of the penalty."""
        if not self._refused and regularizer is not self.regularizer:
            self._refuse("the regularizer's alpha changes from step to step")
        if self._refused:
            return self.step(regularizer)
        if self._warm < WARMUP:
            return self._warm_up()
        if self._graph is None:
            self._graph = self._capture()  # records the kernels without running them
        self._graph.replay()
        loss, penalty = self._output  # scalars in the graph's own memory, rewritten by each replay
        return loss.clone(), replace(penalty, total=penalty.total.clone())

    def _warm_up(self) -> tuple[Tensor, Penalty]:
        """Take a step on the capture's stream, which sets up cuBLAS and cuSPARSE for it."""
        self._warm += 1
        outside = torch.cuda.current_stream(self.generator.device)
        self.stream.wait_stream(outside)  # the step reads weights that the caller's stream wrote
        with torch.cuda.stream(self.stream):
            if self._warm == 2:
                with HostReads() as reads:
                    output = self.step(self.regularizer)
                if reads.found:
                    self._refuse(f"{reads.found[0]} waits for data")
            else:
                output = self.step(self.regularizer)
        outside.wait_stream(self.stream)  # and the caller reads what this step writes
        return output

    def _capture(self) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.generator)  # else each replay would draw the same masks
        try:
            with _capturable(self.optimizer), torch.cuda.graph(graph, stream=self.stream):
                self._output = self.step(self.regularizer)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise TrainingError(
                f"the step could not be captured ({reason}); set trainer.cuda_graph=false"
            ) from error
        log.info("captured the step as a CUDA graph")
        return graph

    def _refuse(self, reason: str) -> None:
        refuse(reason, self.required)
        self._refused = True


def refuse(reason: str, required: bool) -> None:
    """Log why steps run uncaptured; raise ``ConfigError`` if capturing is ``required``."""
    if required:
        raise ConfigError(f"trainer.cuda_graph=true: the step cannot be captured: {reason}")
    log.info("steps run without a CUDA graph: %s", reason)


@contextmanager
def _capturable(optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Set Adam's ``capturable`` flag, which a capture requires and which otherwise warns."""
    groups = [group for group in optimizer.param_groups if "capturable" in group]
    for group in groups:
        group["capturable"] = True
    try:
        yield
    finally:
        for group in groups:
            group["capturable"] = False

"""Settings of the trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphssl.checks import boolean, number, one_of, whole_number
from graphssl.errors import ConfigError
from graphssl.schedules import warmup_constant, warmup_cosine
from graphssl.training.matmul import ROUTES

PRECISIONS = ("fp32", "tf32", "bf16")
SCHEDULES = ("cosine", "constant")
# Thread pools of more cannot be started on most machines, and would gain nothing.
MAX_THREADS = 1024
SELECTIONS = ("last", "loss", "val_accuracy", "effective_rank_centred")


@dataclass(frozen=True)
class TrainerSettings:
    """Settings of the trainer, the keys of ``trainer`` in the configuration.

    Attributes:
        steps: optimizer steps of the run.
        warmup: share of the steps over which the learning rate rises.
        schedule: learning rate after the warmup: ``cosine`` to 0, or ``constant``.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:<i>``.
        threads: number of CPU threads; None for the number that a sweep's launcher implies
            (``launcher.py``), or torch's default outside a sweep.
        precision: ``fp32``, ``tf32`` or ``bf16`` (autocast).
        matmul: library of float32 products on the CPU: ``default`` (torch's choice), ``onednn``, or
            ``auto``, by the kind of CPU (``training/matmul.py``).
        grad_clip: maximum gradient norm, or None for no clipping.
        log_every: steps between two rows of ``metrics.jsonl`` and checks of the loss.
        eval_every: steps between two evaluations (quick probe, rank); 0 for none.
        checkpoint_every: steps between two checkpoints; 0 for none.
        checkpoint_on: signals on which to save a checkpoint before they take effect.
        select: which encoder to keep: the ``last`` one, the one with the lowest ``loss`` (plus
            penalty), or the best evaluated one by ``val_accuracy`` or ``effective_rank_centred``.
            ``loss`` is read after every step, which synchronises a GPU with the host.
        patience: number of steps without improvement of ``select`` after which to stop; None to
            take all steps.
        progress: whether to show a progress bar on a terminal.
        profile: whether to write ``profile.json``, the time of a step by part.
        cuda_graph: whether to capture and replay the step on a GPU; ``auto`` does so where it is
            possible. Off by default: no GPU has yet shown it to be equal and faster.
        deterministic: whether to require torch's deterministic algorithms
            (``training/determinism.py``); an operation without one is an error.

    Raises:
        ConfigError: a value is outside its range.
    """

    steps: int
    warmup: float = 0.1
    schedule: str = "cosine"
    device: str = "auto"
    threads: int | None = None
    precision: str = "fp32"
    matmul: str = "auto"
    grad_clip: float | None = None
    log_every: int = 10
    eval_every: int = 250
    checkpoint_every: int = 500
    checkpoint_on: Sequence[str] = ("INT", "TERM", "USR2")
    select: str = "last"
    patience: int | None = None
    progress: bool = True
    profile: bool = False
    cuda_graph: bool | str = False
    deterministic: bool = False

    def __post_init__(self) -> None:
        whole_number("trainer.steps", self.steps, least=1)
        number("trainer.warmup", self.warmup, least=0, below=1)
        one_of("trainer.schedule", self.schedule, SCHEDULES)
        if not isinstance(self.device, str):
            raise ConfigError(f"trainer.device must be a string, got {self.device!r}")
        if self.threads is not None:
            whole_number("trainer.threads", self.threads, least=1, most=MAX_THREADS)
        one_of("trainer.precision", self.precision, PRECISIONS)
        one_of("trainer.matmul", self.matmul, ROUTES)
        if self.grad_clip is not None:
            number("trainer.grad_clip", self.grad_clip, above=0)
        whole_number("trainer.log_every", self.log_every, least=1)
        whole_number("trainer.eval_every", self.eval_every, least=0)
        whole_number("trainer.checkpoint_every", self.checkpoint_every, least=0)
        one_of("trainer.select", self.select, SELECTIONS)
        if self.patience is not None:
            whole_number("trainer.patience", self.patience, least=1)
            if self.select == "last":
                raise ConfigError(
                    f"trainer.patience={self.patience} needs a metric that can improve, got "
                    "trainer.select=last; set e.g. trainer.select=loss"
                )
        if self.select not in ("last", "loss") and self.eval_every == 0:
            raise ConfigError(
                f"trainer.select={self.select} needs trainer.eval_every above 0, got 0"
            )
        for name in ("progress", "profile", "deterministic"):
            boolean(f"trainer.{name}", getattr(self, name))
        if not isinstance(self.cuda_graph, bool) and self.cuda_graph != "auto":
            raise ConfigError(
                f"trainer.cuda_graph must be auto, true or false, got {self.cuda_graph!r}"
            )

    @property
    def warmup_steps(self) -> int:
        """Number of steps over which the learning rate rises."""
        return round(self.warmup * self.steps)

    def learning_rate_factor(self, step: int) -> float:
        """Compute the factor of the learning rate at ``step``, counted from 0."""
        if self.schedule == "constant":
            return warmup_constant(step, self.warmup_steps)
        return warmup_cosine(step, self.steps, self.warmup_steps)

"""Checkpoints, written atomically, from which training resumes bit for bit."""

from __future__ import annotations

import logging
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from graphssl.atomic import replace_bytes, sync
from graphssl.data.torch_file import load_checked
from graphssl.errors import DataError, words
from graphssl.training import matmul
from graphssl.training.loop import StepReport, TrainingState
from graphssl.training.selection import Selection

log = logging.getLogger(__name__)


def save_atomically(content: Any, path: Path) -> None:
    """Call ``torch.save`` to ``path`` atomically."""
    buffer = BytesIO()  # torch.save to a file hides the reason of an I/O error
    torch.save(content, buffer)
    replace_bytes(path, buffer.getbuffer())


def kept(folder: Path) -> str:
    """Describe where an interrupted run in ``folder`` resumes when its command is repeated."""
    if (folder / "record.json").exists():
        return "trained and saved; the same command resumes with the remaining measurements"
    path = folder / "checkpoint.pt"
    if not path.exists():
        return "no checkpoint yet; the same command starts this run over"
    try:
        step = load_checked(path)["step"]
    except Exception:  # a damaged file, which the next run reports
        return f"see {path}"
    return f"the same command resumes from step {step}"


class Checkpointer:
    """An observer that saves the state every ``every`` steps.

    Args:
        path: the checkpoint file; rows of ``metrics.jsonl`` next to it are flushed before it.
        every: steps between two checkpoints; 0 for none.
        selection: the selection, saved with the state.
        graph: content hash of the training graph.
    """

    def __init__(self, path: Path, every: int, selection: Selection, graph: str = "") -> None:
        self.path, self.every, self.selection, self.graph = path, every, selection, graph

    def __call__(self, report: StepReport) -> None:
        """Save every ``every`` steps, except after the last: the record is written then."""
        if self.every and report.step % self.every == 0 and report.step < report.total:
            self.save(report.state)

    def save(self, state: TrainingState) -> None:
        """Save weights, optimizer, every random stream, the selection and the step."""
        content = {
            "step": state.step,
            "graph": self.graph,
            "seconds": state.seconds,
            "device": state.generator.device.type,
            "threads": torch.get_num_threads(),
            "matmul": matmul.current(),
            "objective": state.objective.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "generator": state.generator.get_state(),
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": _cuda_stream(state.generator.device),
            "selection": self.selection.state_dict(),
        }
        if (rows := self.path.with_name("metrics.jsonl")).exists():
            sync(rows)
        save_atomically(content, self.path)

    def restore(self, state: TrainingState) -> bool:
        """Restore ``state`` from the last checkpoint.

        Returns:
            Whether there was a checkpoint from which training can resume.

        Raises:
            DataError: the checkpoint is unreadable, or was made on another graph.
        """
        if not self.path.exists():
            return False
        try:
            return self._restore(state)
        except (DataError, MemoryError):
            raise
        except Exception as error:  # a damaged file may raise anything
            raise DataError(
                f"{self.path} cannot be read ({words(error)[:150]}): delete it, and the same "
                "command starts this run over"
            ) from error

    def _restore(self, state: TrainingState) -> bool:
        content = load_checked(self.path)
        if content.get("graph") != self.graph:
            raise DataError(
                f"{self.path} was made from a graph with content hash {content.get('graph')}, but "
                f"the graph loaded now has {self.graph}: restore the former, or start afresh with "
                "force=true"
            )
        device = state.generator.device
        if content["device"] != device.type:
            log.warning(
                "begun on %s, whose random streams %s cannot continue: starting from the beginning",
                content["device"],
                device.type,
            )
            return False
        threads = torch.get_num_threads()
        if content.get("threads", threads) != threads:
            log.warning(
                "begun with trainer.threads=%d, resuming with %d: the last digits may differ "
                "(trainer.threads=%d avoids this)",
                content["threads"],
                threads,
                content["threads"],
            )
        route = matmul.current()
        if content.get("matmul", route) != route:
            log.warning(
                "begun with trainer.matmul=%s, resuming with %s: the last digits may differ "
                "(trainer.matmul=%s avoids this)",
                content["matmul"],
                route,
                content["matmul"],
            )
        state.objective.load_state_dict(content["objective"])
        state.optimizer.load_state_dict(content["optimizer"])
        state.generator.set_state(content["generator"])
        torch.set_rng_state(content["torch_rng"])
        if content["cuda_rng"] is not None:
            torch.cuda.set_rng_state(content["cuda_rng"], device)
        self.selection.load_state_dict(content["selection"])
        state.step, state.seconds = content["step"], content["seconds"]
        return True


def _cuda_stream(device: torch.device) -> torch.Tensor | None:
    return torch.cuda.get_rng_state(device) if device.type == "cuda" else None

"""The command line and a kill, both inside the test's own process."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

import graphssl
from graphssl.cli import main
from graphssl.results.record import RunRecord
from graphssl.training.checkpoint import Checkpointer


def shell(monkeypatch, capsys, cwd, *args: str) -> tuple[object, list[str]]:
    """Run ``graphssl`` with ``args`` in ``cwd``; return its exit status and lines of stderr."""
    monkeypatch.chdir(cwd)
    monkeypatch.setattr(sys, "argv", ["graphssl", *args])
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code
    return code, capsys.readouterr().err.splitlines()


class KilledError(Exception):
    pass


@contextmanager
def killed_after_checkpoint(monkeypatch, step: int) -> Iterator[None]:
    """Require that the run inside the block saves at ``step``, and end it there."""
    save = Checkpointer.save

    def killed(self, state) -> None:
        save(self, state)
        if state.step == step:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(Checkpointer, "save", killed)
        with pytest.raises(KilledError):
            yield


def whole_as_resumed(monkeypatch, folder: Path, args: Sequence[str], step: int) -> RunRecord:
    """Require that a run killed after its checkpoint of ``step`` ends as one that was not.

    Returns:
        The record of the one that was not.
    """
    whole = graphssl.run([*args, f"paths.runs={folder / 'whole'}"])
    with killed_after_checkpoint(monkeypatch, step):
        graphssl.run([*args, f"paths.runs={folder / 'halves'}"])
    halves = graphssl.run([*args, f"paths.runs={folder / 'halves'}"])
    assert halves.training["resumed_from"] == step
    one, other = (
        torch.load(Path(r.folder) / "encoder.pt", weights_only=True) for r in (whole, halves)
    )
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert torch.equal(value, other[key]), key
    assert json.dumps(whole.diagnostics) == json.dumps(halves.diagnostics)
    return whole

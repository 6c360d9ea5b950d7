"""The command line and a kill, both inside the test's own process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from graphssl.cli import main
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

import types

import pytest
import torch

from graphssl.training import progress
from graphssl.training.progress import progress_bar


@pytest.mark.parametrize(("terminal", "show"), [(False, True), (True, False)])
def test_quiet_where_there_is_no_terminal_or_nobody_asked(monkeypatch, terminal, show):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: terminal, raising=False)
    with progress_bar("name", 0, 10, show) as observers:
        assert observers == []


def test_on_a_terminal_it_shows_loss_and_rate(monkeypatch, capsys):
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress_bar("sbm seed 0", 0, 20, True) as observers:
        for step in range(1, 21):
            report = types.SimpleNamespace(step=step, loss=torch.tensor(0.25))
            for observe in observers:
                observe(report)
    shown = capsys.readouterr().err
    assert "sbm seed 0" in shown
    assert "20/20" in shown
    assert "loss 0.2500" in shown
    assert "steps/s" in shown

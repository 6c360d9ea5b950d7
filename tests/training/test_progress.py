"""The bar, the spinner and the log lines around them, as a terminal shows them."""

import io
import logging
import sys
import types

import pytest
import torch

from graphssl import terminal
from graphssl.terminal import LogHandler, moves, moving, spinner
from graphssl.training import progress
from graphssl.training.progress import progress_bar


class Terminal(io.StringIO):
    """A stderr that says it is a terminal, and can be read as one."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.columns = columns

    def isatty(self) -> bool:
        return True

    def rows(self) -> list[str]:
        """What the screen shows, empty rows left out."""
        pyte = pytest.importorskip("pyte", reason="the extra `dev` brings it")
        screen = pyte.Screen(self.columns, 50)
        pyte.Stream(screen).feed(self.getvalue().replace("\n", "\r\n"))
        return [row.rstrip() for row in screen.display if row.strip()]


@pytest.fixture(params=[80, 120])
def attach(request, monkeypatch):
    """Puts stderr on a terminal; to be called in the test, for pytest sets its own before that."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)

    def now() -> Terminal:
        monkeypatch.setattr(sys, "stderr", Terminal(request.param))
        terminal.console.cache_clear()
        return sys.stderr

    yield now
    terminal.console.cache_clear()


@pytest.fixture
def log():
    logger, handler = logging.Logger("test"), LogHandler()
    handler.setFormatter(logging.Formatter("[12:00:00] %(message)s"))
    logger.addHandler(handler)
    return logger


def report(step, loss=0.25):
    return types.SimpleNamespace(step=step, total=2000, loss=torch.tensor(loss))


def test_log_lines_stand_whole_above_the_bar_and_the_bar_leaves_nothing(attach, log):
    shown = attach()
    long = "a line longer than the terminal is wide " * 4
    with moving(True), progress_bar("coauthor_computer_science seed 12", 0, 2000) as (observe,):
        for step in range(1, 2000):
            observe(report(step))
            if step in (3, 1500):
                log.info("at step %d [bold]:smile:[/bold]", step)
        log.info(long)
        *lines, bar = shown.rows()
    expected = [f"[12:00:00] at step {step} [bold]:smile:[/bold]" for step in (3, 1500)]
    assert lines[:2] == expected
    assert (
        "".join(row.ljust(shown.columns) for row in lines[2:]).rstrip()
        == f"[12:00:00] {long}".rstrip()
    )
    assert bar.startswith("coauthor_computer_science s")
    assert "/2000 loss 0.2500 " in bar
    assert shown.rows()[:2] == expected
    assert not any("loss" in row for row in shown.rows())


def test_the_loss_is_read_by_time_and_at_the_last_step(attach, monkeypatch):
    attach()
    now, read = [100.0], []
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    loss = types.SimpleNamespace(item=lambda: read.append(round(now[0], 2)) or 0.5)
    with moving(True), progress_bar("sbm seed 0", 0, 2000) as (observe,):
        for step in range(1, 2001):
            now[0] += 0.01
            observe(types.SimpleNamespace(step=step, loss=loss))
    assert len(read) == pytest.approx(100, abs=2)  # 20 s
    assert read[-1] == round(now[0], 2)


def test_no_figure_is_shown_before_there_is_one(attach):
    shown = attach()
    with moving(True), progress_bar("sbm seed 0", 0, 60):
        assert "nan" not in shown.getvalue()
        assert "0/60" in shown.getvalue()


def test_a_spinner_says_what_goes_on_and_leaves_nothing(attach, log):
    shown = attach()
    with moving(True), spinner("loading cora"):
        log.info("prepared")
        assert shown.rows()[0] == "[12:00:00] prepared"
        assert shown.rows()[1].endswith("loading cora")
    assert shown.rows() == ["[12:00:00] prepared"]


@pytest.mark.parametrize("wanted", [False, True])
def test_nothing_moves_where_nobody_wants_it_or_nothing_can(monkeypatch, capsys, wanted):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: not wanted, raising=False)
    with moving(wanted), spinner("loading"), progress_bar("name", 0, 10) as observers:
        assert observers == []
        assert not moves()
    assert capsys.readouterr().err == ""


def test_what_is_printed_into_a_file_stays_there(attach, capsys):
    shown = attach()
    with moving(True), progress_bar("sbm seed 0", 0, 60):
        print("a line of the user's")
    assert "a line of" not in shown.getvalue()
    assert capsys.readouterr().out == "a line of the user's\n"


@pytest.mark.parametrize(
    ("launcher_threads", "options", "expected"),
    [
        (None, (), ["loading sbm", "sbm seed 0", "probing under random_10_10_80"]),
        (None, ("trainer.progress=false",), []),
        (2, (), []),  # jobs in parallel
    ],
)
def test_a_run_alone_shows_its_phases_and_jobs_in_parallel_none(
    monkeypatch, small_config, tmp_path, launcher_threads, options, expected
):
    from graphssl.cli import compose
    from graphssl.pipeline import prepare, pretrain, probe, run

    seen = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    terminal.console.cache_clear()

    def record(show):
        def recording(text, *args):
            if moves():
                seen.append(text)
            return show(text, *args)

        return recording

    for module in (prepare, probe):
        monkeypatch.setattr(module, "spinner", record(spinner))
    monkeypatch.setattr(pretrain, "progress_bar", record(progress_bar))
    args = [*small_config, *options, "trainer.steps=2", f"paths.runs={tmp_path}"]
    run.run(*compose(args), launcher_threads=launcher_threads)
    assert seen == expected

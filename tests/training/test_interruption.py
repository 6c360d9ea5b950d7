"""A signal in training: a checkpoint, a message that is true, and the same result afterwards."""

import os
import signal
from pathlib import Path

import pytest
from tests.traces import traces

from graphssl.errors import ConfigError, Interrupted
from graphssl.training.checkpoint import Checkpointer
from graphssl.training.interruption import named_signals
from graphssl.training.metrics import StepMetrics


@pytest.fixture
def send(monkeypatch):
    """Sends this process a signal in the middle of the steps given."""

    def arrange(number, *steps):
        look = StepMetrics.__call__

        def look_and_send(self, report):
            look(self, report)
            if report.step in steps:
                os.kill(os.getpid(), number)

        monkeypatch.setattr(StepMetrics, "__call__", look_and_send)

    return arrange


@pytest.fixture
def handled():
    """Handles a signal for the length of a test."""
    before = {}

    def handle(number, handler):
        before[number] = signal.signal(number, handler)

    yield handle
    for number, handler in before.items():
        signal.signal(number, handler)


def goes_on_as_if_nothing_had_happened(small_run, monkeypatch, step):
    monkeypatch.undo()
    resumed = small_run()
    assert resumed.training["resumed_from"] == step
    whole = small_run("force=true")
    assert traces(Path(resumed.folder + ".old1")) == traces(Path(whole.folder))


@pytest.mark.parametrize("step", [1, 13, 20])
def test_ctrl_c_saves_a_checkpoint_of_that_step(small_run, send, monkeypatch, step):
    """Long before the first that trainer.checkpoint_every asks for, and at the last step."""
    send(signal.SIGINT, step)
    with pytest.raises(Interrupted, match=f"^the same command resumes from step {step}$") as raised:
        small_run()
    assert raised.value.signal == signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    goes_on_as_if_nothing_had_happened(small_run, monkeypatch, step)


def test_what_handled_the_signal_before_decides_what_comes_of_it(
    small_run, send, monkeypatch, handled
):
    """A scheduler's handler has the job requeued and leaves by SystemExit."""

    def requeue(number, frame):
        raise SystemExit("requeued")

    handled(signal.SIGUSR2, requeue)
    send(signal.SIGUSR2, 6)
    with pytest.raises(SystemExit, match="requeued"):
        small_run()
    goes_on_as_if_nothing_had_happened(small_run, monkeypatch, 6)


def test_training_goes_on_where_that_handler_returns(small_run, send, handled, monkeypatch):
    seen, saved = [], []
    save = Checkpointer.save

    def note_and_save(self, state):
        saved.append(state.step)
        save(self, state)

    monkeypatch.setattr(Checkpointer, "save", note_and_save)
    handled(signal.SIGTERM, lambda number, frame: seen.append(number))
    send(signal.SIGTERM, 4, 9)
    assert small_run().training["resumed_from"] == 0
    assert (seen, saved) == ([signal.SIGTERM] * 2, [4, 9])


def test_the_option_names_another_signal(small_run, send, handled):
    handled(signal.SIGUSR1, signal.default_int_handler)
    send(signal.SIGUSR1, 5)
    with pytest.raises(Interrupted, match="resumes from step 5"):
        small_run("trainer.checkpoint_on=[USR1]")


def test_a_signal_that_does_not_count_saves_nothing_and_says_so(small_run, send, tmp_path):
    send(signal.SIGINT, 5)
    with pytest.raises(Interrupted, match="no checkpoint yet; the same command starts this run"):
        small_run("trainer.checkpoint_on=[]")
    assert not list(tmp_path.rglob("checkpoint.pt"))


def test_a_second_signal_does_not_wait_for_the_step(small_run, monkeypatch):
    look = StepMetrics.__call__
    ended = []

    def twice(self, report):
        look(self, report)
        if report.step == 5:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            ended.append(report.step)

    monkeypatch.setattr(StepMetrics, "__call__", twice)
    with pytest.raises(Interrupted, match="no checkpoint yet"):
        small_run()
    assert not ended


def test_an_ignored_signal_stays_ignored(small_run, send, handled, tmp_path):
    handled(signal.SIGINT, signal.SIG_IGN)
    send(signal.SIGINT, 5)
    assert small_run().training["resumed_from"] == 0


def test_a_loss_that_is_not_finite_is_not_saved(small_run, send, tmp_path):
    send(signal.SIGINT, 5)
    with pytest.raises(Interrupted, match="no checkpoint yet"):
        small_run("optimizer.lr=1e30", "trainer.warmup=0", "trainer.log_every=50",
                  "trainer.eval_every=0")  # fmt: skip
    assert not list(tmp_path.rglob("checkpoint.pt"))


def test_interrupted_in_the_probes_the_weights_are_kept(small_run, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("graphssl.pipeline.probe.probe", stop)
    with pytest.raises(Interrupted, match=r"trained and saved; .*remaining measurements"):
        small_run()
    monkeypatch.undo()
    assert small_run().scores


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["KILL"], "KILL is not a signal that can be caught"),
        (["USR9"], "USR9 is not a signal"),
        ([15], "15 is not a signal"),
        ("TERM", "must be a list of signals, got 'TERM'"),
        (None, "must be a list of signals, got None"),
    ],
)
def test_no_signal(names, said):
    with pytest.raises(ConfigError, match=said):
        named_signals(names)


def test_no_signal_is_refused_before_the_graph_is_loaded(small_run, monkeypatch):
    monkeypatch.delattr("graphssl.config.build.dataset")
    with pytest.raises(ConfigError, match="KILL is not a signal"):
        small_run("trainer.checkpoint_on=[KILL]")

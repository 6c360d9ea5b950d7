import gc
import os
import signal
from pathlib import Path

import pytest
import torch

import graphssl
from graphssl.graph import Graph


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_counts():
    """A shell starts background jobs with SIGINT ignored, nohup and CI runners among them."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Leave what the imports made out of every later collection; it saves a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def mirror() -> Path:
    folder = os.environ.get("GRAPHSSL_MIRROR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GRAPHSSL_MIRROR names no folder of raw graphs")
    return Path(folder)


@pytest.fixture
def graph() -> Graph:
    """60 nodes, 400 random directed edges without self-loops, 20 features, two of them sparse."""
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.randint(60, (2, 400), generator=generator)
    edge_index = edge_index[:, edge_index[0] != edge_index[1]]
    return Graph(torch.randn(60, 20, generator=generator), edge_index)


SMALL = (
    "dataset=sbm",
    "dataset.num_nodes=120",
    "dataset.num_classes=3",
    "recipe.channels=[16,8]",
    "recipe.predictor_channels=8",
    "trainer.steps=20",
    "trainer.eval_every=5",
    "trainer.log_every=1",
    "trainer.device=cpu",
)


@pytest.fixture(scope="session")
def small_config() -> tuple[str, ...]:
    """Overrides of a run that takes a second."""
    return SMALL


@pytest.fixture
def small_run(tmp_path):
    """Runs a small configuration under ``tmp_path``; takes further overrides."""

    def run(*overrides: str):
        paths = [f"paths.runs={tmp_path / 'runs'}", f"paths.data={tmp_path / 'data'}"]
        return graphssl.run([*SMALL, *paths, *overrides])

    run.overrides, run.runs = SMALL, tmp_path / "runs"
    return run

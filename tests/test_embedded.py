"""``graphssl.run`` within other programs: Hydra's, notebooks, threads, workers."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.version import VersionBase, getbase
from omegaconf import OmegaConf

import graphssl
import graphssl.pipeline.run
from graphssl.errors import ConfigError
from graphssl.results.record import RunRecord


@pytest.fixture
def own_conf(tmp_path):
    folder = tmp_path / "conf"
    folder.mkdir()
    (folder / "mine.yaml").write_text(
        "learning: 3\nhydra:\n  output_subdir: null\n  run: {dir: .}\n"
    )
    return folder


@pytest.fixture(autouse=True)
def _hydra_is_left_as_it_was():
    base = VersionBase.instance().version_base
    yield
    assert not GlobalHydra.instance().is_initialized()
    VersionBase.instance().version_base = base


def state():
    return GlobalHydra.instance(), GlobalHydra.instance().hydra, getbase(), os.getcwd(), [*sys.path]


def test_a_notebook_that_initialised_hydra_still_composes_its_own(small_run, own_conf):
    with hydra.initialize_config_dir(str(own_conf), version_base="1.2"):
        before = state()
        record = small_run("trainer.steps=1", "probe=[]")
        with pytest.raises(ConfigError, match="encoder=gnc"):
            small_run("encoder=gnc")
        assert state() == before
        assert hydra.compose("mine").learning == 3
    assert record.choices["encoder"] == "gcn"


def test_a_hydra_program_runs_one_and_has_its_own_configuration_after(
    small_run, own_conf, monkeypatch
):
    found = {}

    @hydra.main(version_base="1.2", config_path=str(own_conf), config_name="mine")
    def program(config):
        before, own = state(), HydraConfig.get()
        found["record"] = small_run("trainer.steps=1", "probe=[]", f"seed={config.learning}")
        assert state() == before
        assert HydraConfig.get() == own
        assert "learning" in hydra.compose("mine")

    monkeypatch.setattr(
        sys, "argv", ["program", "hydra/job_logging=none", "hydra/hydra_logging=none"]
    )
    program()
    assert found["record"].seed == 3


def test_resolvers_of_the_caller_stay(small_run):
    OmegaConf.register_new_resolver("of_the_caller", lambda: 7)
    try:
        small_run("trainer.steps=1", "probe=[]")
        assert OmegaConf.create({"a": "${of_the_caller:}"}).a == 7
    finally:
        OmegaConf.clear_resolver("of_the_caller")


def test_threads_take_turns(small_run, monkeypatch):
    at_work, most, run = [], [], graphssl.pipeline.run.run

    def counting(*args):
        at_work.append(threading.get_ident())
        most.append(len(at_work))
        try:
            return run(*args)
        finally:
            at_work.pop()

    monkeypatch.setattr(graphssl.pipeline.run, "run", counting)
    with ThreadPoolExecutor(4) as pool:
        seeds = [f"seed={i}" for i in range(4)]
        records = list(pool.map(lambda s: small_run("trainer.steps=2", "probe=[]", s), seeds))
    assert [r.seed for r in records] == [0, 1, 2, 3]
    assert most == [1, 1, 1, 1]
    alone = small_run("trainer.steps=2", "probe=[]", "seed=3", "force=true")
    assert alone.diagnostics == records[3].diagnostics


def test_a_run_within_a_run_does_not_wait_for_itself(small_run, monkeypatch):
    run, inner = graphssl.pipeline.run.run, []

    def nested(*args):
        if not inner:
            inner.append(None)
            inner.append(small_run("trainer.steps=1", "probe=[]", "seed=1"))
        return run(*args)

    monkeypatch.setattr(graphssl.pipeline.run, "run", nested)
    assert small_run("trainer.steps=1", "probe=[]").seed == 0
    assert inner[1].seed == 1


@pytest.mark.slow
def test_a_worker_process_of_joblib_runs_one(tmp_path, small_config):
    from joblib.externals.loky import ProcessPoolExecutor

    paths = [f"paths.runs={tmp_path / 'runs'}", f"paths.data={tmp_path / 'data'}"]
    with ProcessPoolExecutor(1) as pool:
        record = pool.submit(
            graphssl.run, [*small_config, *paths, "trainer.steps=1", "probe=[]"]
        ).result(timeout=120)
    assert record == RunRecord.read(Path(record.folder))

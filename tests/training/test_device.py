import errno
import os
import signal
import threading
import time
import types
from contextlib import contextmanager
from uuid import uuid4

import pytest
import torch

from graphssl.errors import ConfigError
from graphssl.pipeline import run as pipeline
from graphssl.training import device as device_module
from graphssl.training.device import claimed_device, named_device


@pytest.fixture
def two_gpus(monkeypatch):
    """A machine that says it has two GPUs, of its own; nothing computes on them."""
    machine = uuid4()
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda i: types.SimpleNamespace(uuid=f"{machine}-{i}"),
    )
    monkeypatch.setattr(device_module, "_LOOK_AGAIN_SECONDS", 0.01)


def test_without_a_gpu_auto_is_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with claimed_device("auto", "fp32") as device:
        assert device == torch.device("cpu")


@pytest.mark.usefixtures("two_gpus")
def test_each_run_gets_a_gpu_of_its_own_and_the_third_waits():
    seen = []

    def third():
        with claimed_device("auto", "fp32") as device:
            seen.append(device)

    with claimed_device("auto", "fp32") as first:
        with claimed_device("auto", "fp32") as second:
            assert {first.index, second.index} == {0, 1}
            waiting = threading.Thread(target=third)
            waiting.start()
            waiting.join(0.1)
            assert not seen
        waiting.join(5)
        assert seen == [second]


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # workers have a second thread
@pytest.mark.usefixtures("two_gpus")
def test_processes_claim_gpus_without_files_and_a_killed_one_frees_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    ready, said = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with claimed_device("auto", "fp32") as device:
                os.write(said, str(device.index).encode())
                time.sleep(60)
        finally:
            os._exit(1)
    assert os.read(ready, 1) == b"0"
    assert not list(tmp_path.iterdir())  # nothing that could be deleted
    with claimed_device("auto", "fp32") as second:
        assert second.index == 1
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with claimed_device("auto", "fp32") as first:
        assert first.index == 0


@pytest.mark.usefixtures("two_gpus")
def test_a_claim_is_of_the_gpu_and_not_of_its_index(monkeypatch):
    """CUDA_VISIBLE_DEVICES=1,0 swaps the indices in one process."""
    known = torch.cuda.get_device_properties
    with claimed_device("auto", "fp32") as first:
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: known(1 - i))
        with claimed_device("auto", "fp32") as second:
            assert first.index == second.index == 0


@pytest.mark.usefixtures("two_gpus")
def test_a_machine_without_abstract_sockets_is_told(monkeypatch):
    def refused(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(device_module.socket.socket, "bind", refused)
    with pytest.raises(PermissionError), claimed_device("auto", "fp32"):
        pass


@pytest.mark.usefixtures("two_gpus")
def test_a_gpu_named_outright_is_not_claimed():
    for _ in range(2):
        with claimed_device("cuda:0", "fp32") as device:
            assert device == torch.device("cuda:0")


@pytest.mark.parametrize("name", ["gpu", "meta", "cuda:x"])
def test_a_device_of_an_unknown_kind(name):
    with pytest.raises(ConfigError, match=rf"trainer\.device must be .*, got {name}"):
        named_device(name, "fp32")


def test_a_device_that_is_not_there():
    with pytest.raises(ConfigError, match=r"trainer\.device=cuda:99 does not exist"):
        named_device("cuda:99", "fp32")


def test_tf32_needs_a_gpu():
    with pytest.raises(ConfigError, match="tf32 needs a GPU"):
        named_device("cpu", "tf32")


def test_a_device_is_claimed_only_where_something_is_left_to_do(small_run, monkeypatch):
    claims = []

    @contextmanager
    def claimed(name, precision):
        claims.append(name)
        yield torch.device("cpu")

    monkeypatch.setattr(pipeline, "claimed_device", claimed)
    for overrides, claimed_so_far in (
        ((), 1),
        ((), 1),
        (("probe=[random_10_10_80,grace]",), 2),
        (("save_embeddings=true",), 3),
        (("save_embeddings=true",), 3),
    ):
        small_run("trainer.device=auto", *overrides)
        assert len(claims) == claimed_so_far

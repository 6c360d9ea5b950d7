"""The route of float32 products: chosen by facts, checked, recorded, put back."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from graphssl.errors import ConfigError
from graphssl.training import matmul
from graphssl.training.checkpoint import Checkpointer

CPU = torch.device("cpu")
AVX512 = frozenset({"avx2", "avx512f", "avx512bw", "avx512vl", "avx512dq"})
ZEN4 = ("AuthenticAMD", AVX512)


@pytest.fixture
def machine(monkeypatch):
    """Pretend to be on another CPU, with other errors of both routes."""

    def pretend(cpu, errors=(2.5e-7, 4e-7)):
        monkeypatch.setattr(matmul, "_cpu", lambda: cpu)
        monkeypatch.setattr(matmul, "_errors", lambda: errors)

    return pretend


@pytest.mark.parametrize(
    ("cpu", "route"),
    [
        (ZEN4, "onednn"),
        (("AuthenticAMD", AVX512 - {"avx512dq"}), "default"),
        (("AuthenticAMD", AVX512 | {"amx_tile"}), "default"),
        (("GenuineIntel", AVX512), "default"),
        (("GenuineIntel", AVX512 | {"amx_tile", "amx_bf16"}), "default"),
        (("", frozenset()), "default"),
    ],
)
def test_auto_goes_by_vendor_and_instruction_sets(machine, cpu, route):
    machine(cpu)
    assert matmul.chosen("auto", CPU) == route
    assert matmul.chosen("default", CPU) == "default"


@pytest.mark.parametrize(
    ("errors", "route"),
    [
        ((2.5e-7, 5.0e-7), "onednn"),
        ((2.5e-7, 5.1e-7), "default"),  # more than twice
        ((6e-7, 1e-6), "default"),
        ((2.5e-7, 3e-3), "default"),  # bfloat16
        ((2.5e-7, float("nan")), "default"),
    ],
)
def test_auto_keeps_the_default_where_onednn_rounds_more(machine, errors, route):
    machine(ZEN4, errors)
    assert matmul.chosen("auto", CPU) == route


def test_onednn_is_refused_where_it_rounds_to_bfloat16(machine):
    machine(("GenuineIntel", AVX512 | {"amx_bf16"}), (2.5e-7, 3e-3))
    with pytest.raises(ConfigError, match=r"trainer\.matmul=onednn: .* 3e-03 .*auto or default"):
        matmul.chosen("onednn", CPU)


def test_a_gpu_keeps_its_products(machine):
    machine(ZEN4)
    before = torch.get_float32_matmul_precision()
    for route in ("auto", "onednn"):
        with matmul.products(route, torch.device("cuda")):
            assert torch.get_float32_matmul_precision() == before


def test_the_check_tells_float32_from_bfloat16(monkeypatch):
    default, onednn = matmul._errors()
    assert 1e-8 < default < 1e-6
    assert 1e-8 < onednn < 1e-6 or "amx_bf16" in matmul._cpu()[1]
    product = torch.Tensor.__matmul__

    def rounded(left, right):
        if left.dtype == torch.float32 and matmul.current() == "onednn":
            left, right = left.bfloat16().float(), right.bfloat16().float()
        return product(left, right)

    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    monkeypatch.setattr(matmul, "_cpu", lambda: ZEN4)
    matmul._errors.cache_clear()
    try:
        assert matmul._errors()[1] > 1e-3
        assert matmul.chosen("auto", CPU) == "default"
    finally:
        matmul._errors.cache_clear()


def test_both_routes_train_alike(small_run):
    by_route = {}
    for route in ("default", "onednn"):
        record = small_run(f"trainer.matmul={route}", "force=true")
        assert record.environment["matmul"] == route
        by_route[route] = (
            record.id,
            torch.load(Path(record.folder) / "encoder.pt", weights_only=True),
        )
    (one, ours), (other, theirs) = by_route.values()
    assert one == other
    for name, weight in ours.items():
        torch.testing.assert_close(weight, theirs[name], rtol=1e-5, atol=1e-5)


def test_a_run_takes_the_route_from_training_to_the_probe(small_run, machine, monkeypatch):
    machine(ZEN4)
    seen = {}

    def spy(module, name):
        real = getattr(module, name)

        def noted(*args, **kwargs):
            seen.setdefault(name, set()).add(matmul.current())
            return real(*args, **kwargs)

        monkeypatch.setattr(module, name, noted)

    from graphssl.pipeline import looks, pretrain, probe

    spy(pretrain, "train")
    spy(looks, "embed")
    spy(looks, "collapse_diagnostics")
    spy(probe, "probe")
    record = small_run()
    assert record.environment["matmul"] == "onednn"
    used_by = ("train", "embed", "collapse_diagnostics", "probe")
    assert seen == {name: {"onednn"} for name in used_by}
    assert matmul.current() == "default"


def _fail_by(route):
    with matmul.products(route, CPU):
        assert matmul.current() == route
        raise ZeroDivisionError


@pytest.mark.parametrize("before", ["highest", "high"])
def test_the_route_is_put_back_after_an_error(before):
    torch.set_float32_matmul_precision(before)
    try:
        with pytest.raises(ZeroDivisionError):
            _fail_by("onednn")
        assert torch.get_float32_matmul_precision() == before
    finally:
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(("then", "warned"), [("default", True), ("onednn", False)])
def test_going_on_by_another_route_is_a_warning(small_run, monkeypatch, caplog, then, warned):
    save = Checkpointer.save

    def save_and_die(self, state):
        save(self, state)
        raise KeyboardInterrupt

    steps = ("trainer.checkpoint_every=5", "trainer.eval_every=0")
    with monkeypatch.context() as patched:
        patched.setattr(Checkpointer, "save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            small_run(*steps, "trainer.matmul=onednn")
    record = small_run(*steps, f"trainer.matmul={then}")
    assert record.training["resumed_from"] == 5
    warning = "begun with trainer.matmul=onednn, resuming with default"
    assert (warning in caplog.text) == warned
    assert ("trainer.matmul=onednn avoids this" in caplog.text) == warned


CHOICE = """
import time
def refuse(*args): raise AssertionError("a clock was read")
from graphssl.training import matmul
import torch
matmul._cpu = lambda: ("AuthenticAMD", matmul._AVX512)
for clock in ("time", "perf_counter", "process_time", "monotonic"):
    setattr(time, clock, refuse)
print(matmul.chosen("auto", torch.device("cpu")), matmul._errors())
"""


@pytest.mark.slow
def test_two_processes_choose_alike_without_a_clock():
    said = [
        subprocess.run([sys.executable, "-c", CHOICE], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    assert said[0].stdout == said[1].stdout != ""

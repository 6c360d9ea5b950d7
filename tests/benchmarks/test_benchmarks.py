"""Every benchmark runs, on tiny graphs; nothing here looks at how long it took."""

import json
import math
import sys
from dataclasses import replace

import pytest
import torch
from benchmarks.graphs import random_graph, setting
from benchmarks.measure import Row, in_child, interleaved, machine

from benchmarks import __main__ as whole
from benchmarks import (
    diagnostics,
    floor,
    gpu,
    growth,
    memory,
    peers,
    probe_trained,
    startup,
    step,
    table,
    worth,
)
from graphssl.encoders.fast import shapes
from graphssl.encoders.fast.gcn_propagation import supports_graph

TINY = (40, 120, 12, 0.5, 3)  # nodes, edges, features, density, classes
ROW = Row("a", "s", 1.0, 3.0, "x", 2.0, 4.0, rounds=3, floor=0.5)


@pytest.mark.parametrize("encoder", list(step.PLAIN))
def test_step(encoder):
    found = step.compare("amazon_photo", encoder, rounds=1, size=TINY)
    assert min(found["plain"], found["ours"], found["werank"]) > 0
    assert (found["floor"] is not None) == (encoder == "gcn")
    assert not found["real"]


def test_our_step_moves_online_and_target_network():
    ours = step.OurStep(setting("cora", size=TINY))
    before = [p.clone() for p in ours.objective.parameters() if p.ndim == 2]
    for _ in range(2):  # the learning rate of the very first step is 0
        ours()
    after = [p for p in ours.objective.parameters() if p.ndim == 2]
    assert not any(map(torch.equal, before, after))


@pytest.mark.parametrize("side", ["ours", "plain"])
def test_memory(side):
    assert memory.mib_of_steps("coauthor_cs", side, size=TINY)["mib"] >= 0


def test_memory_sees_what_is_given_back():
    before = memory._forget_peak()
    del_me = torch.ones(2**24)  # 64 MiB
    del del_me
    assert memory.peak_mib() - before > 60


def test_diagnostics():
    found = diagnostics.seconds_of_looks("cora", size=TINY)
    assert 0 < found["looks"] < found["run"]
    assert [diagnostics._looks(*x) for x in ((1000, 250), (1000, 300), (1000, 0))] == [4, 4, 1]


def test_probe():
    found = probe_trained.seconds_of_solvers(splits=2, steps=2, size=(400, 2000, 12, 0.5, 3))
    assert (
        found["seconds"].keys() == found["accuracy"].keys() == {"batched", *probe_trained.SOLVERS}
    )


def test_growth(tmp_path):
    found = [growth.step_of(nodes) for nodes in (50, 100)]
    growth.draw(dict.fromkeys(growth.SETTINGS, found), tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_every_way_is_timed_and_the_usual_one_stays():
    found = worth.compare("cora", rounds=1, size=(20, 40, 6, 1.0, 2))
    assert found.keys() == worth.ways().keys()
    assert all(seconds > 0 for seconds in found.values())
    assert shapes.may_follow_masks(random_graph(10, 20, 2))


@pytest.mark.slow
def test_first_step():
    found = startup.time_to_first_step("dataset=sbm", "dataset.num_nodes=100")
    assert 0 < found["beyond"] < found["whole"]


def test_random_graph_has_the_size_asked_for_and_goes_the_fast_way():
    graph = random_graph(1000, 8000, 20, 0.25)
    assert (graph.num_nodes, graph.num_edges, graph.num_features) == (1000, 8000, 20)
    assert graph.x.count_nonzero().item() == pytest.approx(5000, rel=0.1)
    assert supports_graph(graph)


def test_floor_of_a_step_counted_by_hand():
    # 2 nodes, 2 edges, 3 features used dense (0.1 and 0.2 hidden), layers 256-128, predictor 512
    on = setting("amazon_photo", size=(2, 2, 3, 1.0, 2))
    entries = [0.6 * 2 + 2, 0.9 * 2 + 2]
    flops = 3 * 2 * (0.98 * 6) * 256 + sum(
        4 * 2 * 2 * 256 * 128 + 3 * 2 * e * 384 + 3 * 4 * 2 * 128 * 512 for e in entries
    )
    traffic = 3 * (0.98 * 24) + sum(
        3 * 12 * e * 2 + 26 * 4 * 2 * 384 + 7 * 4 * 2 * 512 for e in entries
    )
    assert floor.step_work(on) == (pytest.approx(flops), pytest.approx(traffic))
    assert floor.step_floor(on, 1e9, math.inf) == pytest.approx(flops / 1e9)


@pytest.mark.slow
def test_a_child_is_handed_its_arguments_and_hands_back_its_result():
    assert in_child("benchmarks.growth:step_of", nodes=50)["nodes"] == 50


def test_interleaved_takes_turns():
    calls = []
    interleaved([lambda: calls.append("a"), lambda: calls.append("b")], rounds=2)
    assert calls == ["a", "b"] * 3


@pytest.mark.parametrize(
    ("row", "value", "verdict"),
    [
        (ROW, 3.0, "ok"),
        (replace(ROW, ours=0.5), 6.0, "aim"),
        (replace(ROW, ours=2.0), 1.5, "MISSED"),
        (replace(ROW, kind="share", ours=0.1, reference=4.0, least=0.03, aim=0.01), 0.025, "ok"),
        (replace(ROW, kind="at most", reference=None, least=1.5, aim=0.8), 1.0, "ok"),
    ],
)
def test_verdict(row, value, verdict):
    assert (row.value, row.verdict) == (pytest.approx(value), verdict)


def test_table(tmp_path):
    rows = [ROW, replace(ROW, name="b", kind="share", floor=None, note="random graph")]
    text = table.write(rows, machine(), tmp_path)
    assert (tmp_path / "bench.txt").read_text() == text
    assert "3x" in text
    assert "50 %" in text  # of the floor
    assert [r["name"] for r in json.loads((tmp_path / "bench.json").read_text())["rows"]] == [
        "a",
        "b",
    ]


@pytest.mark.parametrize("environment", [step.KEEP_MEMORY, {}])
def test_step_from_the_shell(environment, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("sys.argv", ["step", *([] if environment else ["--default-allocator"])])
    monkeypatch.setattr(step, "rows", lambda *given: asked.append(given) or [ROW])
    step.main()
    assert asked == [("gcn", list(step.GCN), environment)]
    assert "3x" in capsys.readouterr().out


def test_the_whole_table_from_the_shell(tmp_path, monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    parts = {"first": lambda: [ROW], "second": interrupted, "third": lambda: 1 / 0}
    monkeypatch.setattr(whole, "PARTS", parts)
    monkeypatch.setattr(
        "sys.argv", ["bench", "--only", "first,second,third", "--out", str(tmp_path)]
    )
    assert whole.main() == 130
    assert "interrupted" in (shown := capsys.readouterr().out)
    assert (tmp_path / "bench.txt").read_text() == shown
    monkeypatch.setattr("sys.argv", ["bench", "--only", "fourth"])
    with pytest.raises(SystemExit):
        whole.main()
    assert "fourth is none of first, second, third" in capsys.readouterr().err


@pytest.mark.slow
def test_peers(capsys):
    found = peers.compare(
        "cora", 4, dict.fromkeys(("ours", "plain_pyg"), sys.executable), size=(300, 900, 12, 0.5, 3)
    )
    assert found.keys() == {"ours", "plain_pyg"}
    assert all(one["seconds"] > 0 and 0 <= one["accuracy"] <= 100 for one in found.values())
    assert found["ours"]["lines"] == 1
    table = peers.as_markdown("cora", 4, found).splitlines()
    assert len(table) == 5
    assert table[3].startswith("| ours |")
    assert " | 1.0x | " in table[3]


def test_lines_of_user_code_are_those_that_do_something(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "PROGRAMS", tmp_path)
    (tmp_path / "some.py").write_text('"""Doc\nstring."""\n\nimport torch\n\n# why\nx = 1  # one\n')
    assert peers.user_lines("some") == 2


def test_a_peer_that_ends_is_named(tmp_path):
    torch.save({}, tmp_path / "job.pt")
    with pytest.raises(RuntimeError, match=r"no_such\.py.* ended with 1"):
        peers.Peer("no_such", sys.executable, tmp_path / "job.pt").ask("step")


def test_peers_from_the_shell(monkeypatch, capsys):
    asked = []
    one = {"seconds": 1.0, "mib": 2.0, "lines": 1, "accuracy": 3.0, "spread": 4.0}
    monkeypatch.setattr(peers, "compare", lambda *given: asked.append(given) or {"ours": one})
    peers.main(["--graphs", "cora", "--pygcl", "there/python"])
    python = {"ours": sys.executable, "plain_pyg": sys.executable, "pygcl": "there/python"}
    assert asked == [("cora", 100, python)]
    assert "| ours | 1000 ms | 1.0x |" in capsys.readouterr().out


def test_what_a_gpu_is_asked_runs_on_a_cpu():
    rows = [*gpu.step_lines("cpu", 2, ["cora"], size=TINY)]
    assert len(rows) == 3
    assert rows[2].startswith("| cora | ")
    assert rows[2].endswith("| yes |")


def test_precisions_of_whole_runs():
    small = ("recipe.channels=[8]", "recipe.predictor_channels=8", "dataset.num_nodes=200")
    rows = [*gpu.precision_lines("cpu", 2, "sbm", *small)]
    assert [row.split(" | ")[0] for row in rows[2:]] == ["| fp32", "| bf16"]
    assert all(row.count(" +- ") == 3 for row in rows[2:])


def test_without_a_gpu_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("sys.argv", ["gpu"])
    with pytest.raises(SystemExit):
        gpu.main()
    assert "torch sees no GPU" in capsys.readouterr().err

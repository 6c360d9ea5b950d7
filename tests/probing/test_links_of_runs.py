"""Held-out edges in whole runs: gone from the graph that is trained on, scored, and refused."""

import json
from pathlib import Path

import pytest
import torch

import graphssl
from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.errors import ConfigError, DataError
from graphssl.pipeline import run as pipeline
from graphssl.report.runs.frame import load_frame

FAST = ("trainer.steps=2", "trainer.eval_every=0", "diagnostics=end", "trainer.log_every=2")
LINKS = "probe=[link_prediction,kmeans]"
SMALL = (
    "probe.protocols.link_prediction.num_splits=2", "probe.protocols.link_prediction.log2_C=[-1,1]",
    "probe.protocols.kmeans.restarts=2",
)  # fmt: skip
HELD = "dataset.held_out_edges=0.3"


def test_training_sees_the_graph_without_held_out_edges(small_run, monkeypatch):
    seen, carried_out = [], pipeline.carry_out
    monkeypatch.setattr(
        pipeline, "carry_out", lambda job, *rest: seen.append(job) or carried_out(job, *rest)
    )
    plain = small_run(*FAST, "probe=[]")
    record = small_run(*FAST, LINKS, *SMALL, HELD)
    whole, held = (job.data for job in seen)
    pairs = {tuple(p) for p in held.held_out_edges.T.tolist()}
    left = {tuple(sorted(p)) for p in held.graph.edge_index.T.tolist()}
    every = {tuple(sorted(p)) for p in whole.graph.edge_index.T.tolist()}
    assert not pairs & left
    assert pairs | left == every
    assert len(pairs) == int(0.3 * len(every))
    assert record.dataset["held_out_edges"] == len(pairs)
    assert record.dataset["edges"] == plain.dataset["edges"] - 2 * len(pairs)
    assert record.id != plain.id
    assert record.dataset["hash"] != plain.dataset["hash"]
    entry = record.scores["link_prediction"]
    assert set(entry["test"]) == {"link_auc", "link_ap", "hits_at_50"}
    assert entry["majority"] == 0.5
    assert "AUC of links validation" in record.summary()
    assert "NMI test" in record.summary()
    rows = {row["protocol"]: row for row in load_frame(small_run.runs).to_dict("records")}
    hits = entry["test"]["hits_at_50"]
    assert rows["link_prediction"]["hits_at_50"] == pytest.approx(50 * sum(hits))
    assert rows["kmeans"]["score"] == rows["kmeans"]["nmi"]
    assert rows["link_prediction"]["graph/held_out_edges"] == len(pairs)
    stored = json.loads((Path(record.folder) / "record.json").read_text())["scores"]
    assert stored["link_prediction"]["chosen"] == {}


def test_a_run_without_held_out_edges_is_refused_before_training(small_run):
    with pytest.raises(DataError) as error:
        small_run(*FAST, LINKS)
    assert "set dataset.held_out_edges=0.15" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("probe", ["link_prediction", "kmeans"])
def test_training_with_labels_needs_a_protocol_with_training_nodes(small_run, probe):
    options = (*FAST, HELD, f"probe=[{probe}]", "objective=supervised", "trainer.select=last")
    with pytest.raises(ConfigError, match="needs a protocol with training nodes, such as") as error:
        small_run(*options)
    assert "\n" not in str(error.value)


def test_links_need_no_label(small_run, tmp_path):
    data = build.dataset(compose(small_run.overrides)[0])
    graph = {"x": data.graph.x, "edge_index": data.graph.edge_index}
    torch.save(graph, tmp_path / "bare.pt")
    torch.save(graph | {"y": torch.where(data.y == 0, -1, data.y - 1)}, tmp_path / "some.pt")
    scores = []
    for name in ("bare", "some"):
        config = [f"dataset.path={tmp_path / name}.pt", "dataset=custom", *small_run.overrides[3:]]
        config += [*FAST, *SMALL, LINKS, HELD, f"paths.runs={small_run.runs}"]
        scores.append(graphssl.run(config).scores)
    assert set(scores[0]) == {"link_prediction"}
    assert set(scores[1]) == {"link_prediction", "kmeans"}
    assert scores[0]["link_prediction"]["test"] == scores[1]["link_prediction"]["test"]

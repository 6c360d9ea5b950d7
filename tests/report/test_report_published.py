import shutil
from pathlib import Path

import pytest

from graphssl.cli import compose
from graphssl.config.compose import resolved
from graphssl.errors import ConfigError
from graphssl.report.build import compose_report
from graphssl.report.network import Network, network_of
from graphssl.report.runs.frame import make_frame
from graphssl.report.runs.records import Record
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.definition import load_definition, shipped_tables
from graphssl.report.tables.layout import grids
from graphssl.report.tables.published import load_published, offset, published

RECORD = {
    "id": "a", "seed": 0, "choices": {}, "dataset": {"name": "cora"}, "training": {}, "scores": {},
    "selection": {"metric": "last"}, "labels_used": False, "diagnostics": {},
}  # fmt: skip


def _cell(mean, seeds=5):
    return Cell(dict.fromkeys(range(seeds), (mean,)))


OURS = Network("GCN", (256, 128), "batch")


@pytest.mark.parametrize(
    ("ours", "seeds", "verdict"),
    [
        (93.77, 5, "yes"),  # within two std, 0.6
        (93.78, 5, "no"),
        (92.57, 5, "yes"),
        (93.17, 4, "too few seeds"),
    ],
)
def test_verdict(ours, seeds, verdict):
    entry = published("bgrl")
    found = offset(_cell(ours, seeds), entry, "amazon_photo", "bgrl_official", OURS)
    assert found.verdict == verdict
    assert found.offset == pytest.approx(ours - 93.17)
    assert found.tolerance == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("network", "protocol", "entry", "dataset", "verdict"),
    [
        (OURS, "random_10_10_80", "bgrl", "amazon_photo", "other probe: liblinear one-vs-rest, "),
        (Network("GAT", (256, 128), "batch"), "bgrl_official", "bgrl", "amazon_photo",
         "other encoder: GCN 256-128"),
        (Network("GCN", (512, 256), "batch"), "bgrl_official", "bgrl", "amazon_photo",
         "other widths: 256-128"),
        (Network("GCN", (128, 256), "batch"), "bgrl_official", "bgrl", "amazon_photo",
         "other widths: 256-128"),
        (Network("GCN", (256, 128), "layer"), "bgrl_official", "bgrl", "amazon_photo",
         "other norm: batch"),
        (Network("GCN", (4,), None), "grace", "bgrl", "amazon_photo",
         "other widths: 256-128; other norm: batch; other probe: liblinear"),
        (OURS, "public_split", "bgrl_public_split", "cora",
         "other encoder: GAT 4096-1024; unknown probe"),
        (Network("GAT", (4096, 1024), "batch"), "public_split", "bgrl_public_split", "cora",
         "unknown probe"),
        (Network("GAT", (4096, 1024), "batch"), "public_split", "bgrl_public_split", "pubmed",
         "unknown widths; unknown probe"),
        (OURS, "public_split", "bgrl_public_split", "pubmed", "other encoder: GAT; unknown probe"),
        (OURS, "bgrl_official", "bgrl_gca", "amazon_photo", "unknown encoder"),
        (Network("none"), "bgrl_official", "raw_features", "amazon_photo", "unknown probe"),
        (OURS, "public_split", "untrained_gcn", "cora",
         "other widths: 256-256; other probe: logistic regression on standardised rows"),
    ],
)  # fmt: skip
def test_what_is_not_of_the_same_kind_gets_no_verdict(network, protocol, entry, dataset, verdict):
    """Though the numbers are equal and the seeds enough."""
    mean, _ = published(entry).accuracy[dataset]
    found = offset(_cell(mean), published(entry), dataset, protocol, network)
    assert found.verdict.startswith(verdict)


@pytest.mark.parametrize(
    ("option", "encoder", "norm"),
    [
        ("gcn", "GCN", "batch"), ("gat", "GAT", "batch"), ("gatv2", "GATv2", "batch"),
        ("sage", "SAGE", "batch"), ("gin", "GIN", "batch"), ("mlp", "MLP", "batch"),
        ("pyg_gcn", "GCN", None), ("pyg_gat", "GAT", None), ("pyg_graphsage", "SAGE", None),
    ],
)  # fmt: skip
def test_the_network_of_a_run_is_read_from_its_settings(option, encoder, norm):
    config, *_ = compose([f"encoder={option}", "dataset=cora"])
    made = Record(Path("x"), {**RECORD, "config": resolved(config)})
    (row,) = make_frame([made]).to_dict("records")
    assert network_of(row) == Network(encoder, (256, 128), norm)
    assert network_of({**row, "objective": "raw"}) == Network("none")


@pytest.mark.parametrize(
    ("option", "norm"), [("batch", "batch"), ("layer", "layer"), ("graph", "graph"), ("none",) * 2]
)
def test_the_norm_of_a_run_is_read_from_its_settings(option, norm):
    config, *_ = compose([f"norm={option}", "dataset=cora"])
    (row,) = make_frame([Record(Path("x"), {**RECORD, "config": resolved(config)})]).to_dict(
        "records"
    )
    assert network_of(row).norm == norm


def test_the_network_of_a_user_defined_encoder_is_its_class():
    assert network_of({"encoder._target_": "mine.Encoder"}) == Network("Encoder")


def test_a_report_compares_with_the_encoder_of_its_own_runs(make_run, runs):
    conv = {"_target_": "torch_geometric.nn.GCNConv"}
    norm = {"_target_": "torch.nn.BatchNorm1d"}
    shared = {"dataset": "amazon_photo", "protocol": "bgrl_official"}
    for channels, verdict in (([256, 128], "yes"), ([512, 128], "other widths: 256-128")):
        changes = {"encoder.conv": conv, "encoder.norm": norm, "encoder.channels": channels}
        for seed in range(5):
            make_run((0.93,), seed=seed, changes={**changes, "recipe.channels": channels}, **shared)
        report = compose_report(runs)
        (grid,) = [g for g in grids(report) if g.title.startswith("Comparison with published")]
        row = next(row for row in grid.rows if "93.17" in row[3].text)
        assert row[6].text == verdict
        shutil.rmtree(runs)


def test_no_metric_but_accuracy_is_set_beside_published_accuracies(make_run, runs):
    make_run((0.93,), dataset="amazon_photo", metric="macro_f1", val=(0.9,))
    assert not [
        g for g in grids(compose_report(runs)) if g.title.startswith("Comparison with published")
    ]
    make_run((0.93,), dataset="amazon_photo", seed=1, val=(0.9,))
    validation = compose_report(runs, metrics=("val_score",))
    assert not [g for g in grids(validation) if g.title.startswith("Comparison with published")]


def test_half_a_point_where_the_std_is_small_or_unknown():
    arguments = "coauthor_cs", "x", OURS
    assert offset(_cell(90.0), published("bgrl"), *arguments).tolerance == 0.5
    assert offset(_cell(90.0), published("bgrl_official_rerun"), *arguments).tolerance == 0.5


def test_every_entry_has_a_source_and_none_is_weranks():
    for entry in load_published().values():
        assert entry.source
        # A protocol of ours means that their probe is known, and only known data have widths.
        assert entry.probe or not entry.protocols
        assert set(entry.channels) <= set(entry.accuracy)
        assert "werank" not in entry.method.lower()
        assert all(30 < mean < 100 for mean, _ in entry.accuracy.values())


def test_tables_name_entries_that_exist():
    for name in shipped_tables():
        for names in (load_definition(name).published or {}).values():
            for entry in names:
                published(entry)


def test_unknown_entry():
    with pytest.raises(ConfigError, match="published=nobody: no such entry; there are bgrl, "):
        published("nobody")

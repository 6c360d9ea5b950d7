import logging

import pytest
import torch
from torch import nn
from torch_geometric.nn import GATConv, GCNConv, GINConv, SAGEConv
from torch_geometric.utils import to_undirected

from graphssl.encoders import ConvStack
from graphssl.encoders.edge_use import edge_use_facts

BOTH = {"edges_without_reverse": 0.5, "duplicate_edges": 3}
ONLY, BACK = ("messages pass from source to target" + end for end in (" only", " and back"))


class Undirected(nn.Module):
    """Adds the other direction itself."""

    def __init__(self):
        super().__init__()
        self.conv, self.out_channels = GCNConv(6, 4), 4

    def forward(self, x, edge_index):
        return self.conv(x, to_undirected(edge_index))


class Everything(nn.Module):
    """Every node depends on all others."""

    out_channels = 6

    def forward(self, x, edge_index):
        return x + x.mean(0) * edge_index.size(1)


class Fixed(nn.Module):
    out_channels = 6

    def forward(self, x, edge_index):
        raise ValueError("not my graph")


@pytest.mark.parametrize(
    ("encoder", "directed", "repeated"),
    [
        (GCNConv(6, 4), ONLY, "each counts"),
        (GATConv(6, 4), ONLY, "each counts"),
        (SAGEConv(6, 4), ONLY, "each counts"),
        (SAGEConv(6, 4, aggr="max"), ONLY, "count once"),
        (GCNConv(6, 4, flow="target_to_source"), None, "each counts"),
        (Undirected(), BACK, "count once"),
        (Everything(), None, "each counts"),
        (nn.Sequential(), None, None),
        (Fixed(), None, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_what_encoders_do_with_edges(encoder, directed, repeated):
    state = torch.random.get_rng_state()
    if isinstance(encoder, GCNConv) and encoder.flow == "target_to_source":
        encoder.out_channels = 4
    found = edge_use_facts("mine", encoder, 6, BOTH)
    assert found.get("directed_edges") == directed
    assert found.get("repeated_edges") == repeated
    assert torch.equal(torch.random.get_rng_state(), state)


def test_only_edges_that_the_graph_has_are_spoken_of(caplog):
    caplog.set_level(logging.INFO, logger="graphssl")
    encoder = ConvStack(6, [8, 4], lambda a, b: GINConv(nn.Linear(a, b)), nn.PReLU)
    for facts in ({"edges_without_reverse": 0.0, "duplicate_edges": 0}, {}):
        assert edge_use_facts("mine", encoder, 6, facts) == {}
    assert not caplog.text
    found = edge_use_facts("mine", encoder, 6, {**BOTH, "edges_without_reverse": 0.0})
    assert found == {"repeated_edges": "each counts"}
    assert "mine: repeated edges: each counts" in caplog.text

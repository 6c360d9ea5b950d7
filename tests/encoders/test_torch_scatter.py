import pytest
import torch
import torch_geometric.typing
from torch_geometric.nn import GATConv


def test_gat_is_the_same_with_and_without_torch_scatter(graph, monkeypatch):
    pytest.importorskip("torch_scatter", reason="the extra `scatter` is not installed")
    conv = GATConv(graph.num_features, 8, heads=2).double()
    x = graph.x.double().requires_grad_()
    found = []
    for installed in (True, False):
        monkeypatch.setattr(torch_geometric.typing, "WITH_TORCH_SCATTER", installed)
        out = conv(x, graph.edge_index)
        found.append((out, *torch.autograd.grad(out.square().sum(), [x, conv.lin.weight])))
    for with_it, without in zip(*found, strict=True):
        torch.testing.assert_close(with_it, without, rtol=1e-10, atol=1e-10)

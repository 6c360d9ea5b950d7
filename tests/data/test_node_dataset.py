from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import NormalizeFeatures

from graphssl.data.node_dataset import node_dataset
from graphssl.data.transforms import DivideByRowSum, StandardizeFeatures
from graphssl.errors import DataError

NAN = float("nan")


def graph(**changes) -> Data:
    """A path of four nodes with two classes."""
    parts = {
        "x": torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 2.0], [0.0, 4.0]]),
        "edge_index": torch.tensor([[0, 1, 2], [1, 2, 3]]),
        "y": torch.tensor([0, 1, 0, 1]),
    }
    return Data(**{**parts, **changes})


def mask(*nodes: int) -> torch.Tensor:
    return torch.zeros(4, dtype=torch.bool).index_fill(0, torch.tensor(nodes, dtype=torch.long), 1)


def test_a_good_graph_comes_through_unchanged() -> None:
    data = graph(edge_weight=torch.tensor([1.0, 2.0, 3.0]))
    dataset = node_dataset("path", data, fingerprint="abc")
    assert torch.equal(dataset.graph.x, data.x)
    assert torch.equal(dataset.graph.edge_index, data.edge_index)
    assert torch.equal(dataset.graph.edge_weight, data.edge_weight)
    assert (dataset.name, dataset.num_classes, dataset.fingerprint) == ("path", 2, "abc")
    assert dataset.train_mask is None


def test_types_are_unified() -> None:
    data = graph(x=graph().x.double(), edge_index=graph().edge_index.int())
    data.y = data.y.int()[:, None]
    dataset = node_dataset("path", data)
    assert dataset.graph.x.dtype == torch.float32
    assert dataset.graph.edge_index.dtype == dataset.y.dtype == torch.int64
    assert dataset.y.shape == (4,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": None}, "has no x"),
        ({"edge_index": None}, "has no edge_index"),
        ({"x": torch.ones(4)}, r"x has shape \(4,\)"),
        ({"x": torch.ones(4, 0)}, r"x has shape \(4, 0\)"),
        ({"x": torch.tensor([[0, 1], [0, NAN], [0, 0], [0, 0]])}, r"x\[1, 1\] = nan is not finite"),
        ({"x": torch.full((4, 2), float("inf"))}, r"x\[0, 0\] = inf is not finite"),
        ({"edge_index": torch.tensor([[0, 1], [1, 4]])}, r"names node 4, but nodes are 0\.\.3"),
        ({"edge_index": torch.tensor([[0, -1], [1, 0]])}, r"names node -1, but nodes are 0\.\.3"),
        ({"edge_index": torch.zeros(3, 2).long()}, r"edge_index has shape \(3, 2\)"),
        ({"edge_index": torch.zeros(2, 0).long()}, r"edge_index has shape \(2, 0\)"),
        ({"edge_index": torch.zeros(2, 3)}, "edge_index is torch.float32"),
        ({"edge_weight": torch.ones(2)}, r"edge_weight has shape \(2,\)"),
        ({"edge_weight": torch.tensor([1, NAN, 1])}, "not finite"),
        ({"y": torch.tensor([0, 1])}, "not one class number for each of the 4 nodes"),
        ({"y": torch.ones(4, 3).long()}, r"y is \[1, 1, 1\] for every node with labels$"),
        ({"y": torch.tensor([0, 1, 0.5, 1])}, r"y\[2\] = 0.5 is not a whole number"),
        ({"y": torch.tensor([0, 1, NAN, 1])}, r"y\[2\] = nan is not a whole number"),
        ({"y": torch.eye(2)[[0, 1, 1, 0]]}, r"it is one-hot: save y.argmax\(1\)"),
        ({"y": torch.tensor([0, 0, -1, -1])}, "y has one class, 0"),
        ({"y": torch.tensor([0, 2, 0, 2])}, "the 2 classes 0, 2, not 0"),
        ({"y": torch.zeros(4).long()}, "y has one class, 0, not 0..C-1 with C > 1"),
        ({"train_mask": mask(0)}, "has train_mask but needs both"),
        ({"train_mask": mask(0, 1), "test_mask": mask(1, 2)}, "train_mask and test_mask share 1"),
        ({"train_mask": mask(0), "test_mask": mask()}, "test_mask is empty"),
        ({"train_mask": mask(0), "test_mask": mask(1)[:3]}, r"test_mask has shape \(3,\)"),
        (
            {"train_mask": torch.eye(4)[:, :2], "test_mask": torch.eye(4)[:, 1:]},
            r"train_mask has shape \(4, 2\), not \(4,\) or \(4, 3\)",
        ),
    ],
)
def test_a_bad_graph_is_one_line_that_names_it(changes, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        node_dataset("path", graph(**changes))
    assert str(error.value).startswith("path: ")
    assert "\n" not in str(error.value)


def test_huge_but_finite_features_are_fine() -> None:
    x = torch.full((4, 2), 3e38)
    assert torch.equal(node_dataset("path", graph(x=x)).graph.x, x)


def test_a_transform_that_breaks_the_graph_is_caught() -> None:
    def divide_by_zero(data: Data) -> Data:
        data.x = data.x / 0
        return data

    with pytest.raises(DataError, match="not finite"):
        node_dataset("path", graph(), [divide_by_zero])


def test_one_column_serves_every_split() -> None:
    train = torch.stack([mask(0), mask(1)], dim=1)
    dataset = node_dataset("path", graph(train_mask=train, test_mask=mask(2, 3)))
    assert torch.equal(dataset.train_mask, train)
    assert dataset.test_mask.tolist() == [[False] * 2] * 2 + [[True] * 2] * 2
    assert dataset.val_mask is None


class SparseTensor:
    """Stands in for torch_sparse's, which is no Tensor and has no wheel on the package index."""

    def __init__(self, dense: torch.Tensor) -> None:
        self.dense = dense

    def to_dense(self) -> torch.Tensor:
        return self.dense


@pytest.mark.parametrize(
    "sparse", [torch.Tensor.to_sparse_coo, torch.Tensor.to_sparse_csr, SparseTensor]
)
def test_sparse_features_are_made_dense_with_a_line_of_log(
    sparse: Callable[[torch.Tensor], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="graphssl")
    dense = graph().x
    dataset = node_dataset("path", graph(x=sparse(dense)))
    assert torch.equal(dataset.graph.x, dense)
    assert "made dense" in caplog.text


def test_standardized_features_have_mean_0_and_std_1_and_constants_become_0() -> None:
    x = torch.randn(50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = x * 5 + 2
    x[:, 1] = 0.25
    out = StandardizeFeatures()(Data(x=x)).x.numpy()
    twin = (x.numpy() - x.numpy().mean(0)) / x.numpy().std(0, where=True).clip(1e-300)
    torch.testing.assert_close(out[:, [0, 2]], twin[:, [0, 2]])
    assert (out[:, 1] == 0).all()


def test_rows_are_divided_by_their_sums_where_these_are_above_1() -> None:
    x = torch.tensor([[3.0, 2.0, -1.0], [0.5, 0.25, 0.0], [-2.0, -3.0, 1.0], [0.0, 0.0, 0.0]])
    expected = torch.tensor([[0.75, 0.5, -0.25], *x[1:].tolist()])
    out = DivideByRowSum()(Data(x=x.clone())).x
    assert torch.equal(out, expected)
    assert not torch.allclose(NormalizeFeatures()(Data(x=x)).x, out)


def test_bags_of_words_are_normalised_as_by_pyg() -> None:
    words = torch.randint(3, (40, 9), generator=torch.Generator().manual_seed(0)).float()
    words[:2] = 0  # an empty row, and so the least entry is 0
    expected = NormalizeFeatures()(Data(x=words.clone())).x
    assert torch.equal(DivideByRowSum()(Data(x=words)).x, expected)

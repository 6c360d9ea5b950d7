import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.transforms import Constant

from graphssl.data import CustomDataset, from_networkx, from_scipy, save_graph
from graphssl.data.node_dataset import node_dataset
from graphssl.errors import DataError


def pairs(data: Data) -> set[tuple]:
    return set(map(tuple, np.asarray(data.node_id)[data.edge_index.numpy().T].tolist()))


def test_undirected_edges_become_two_and_loops_one():
    graph = nx.Graph([("a", "b"), ("b", "b")])
    assert pairs(from_networkx(graph)) == {("a", "b"), ("b", "a"), ("b", "b")}
    assert from_networkx(graph).num_edges == 3
    assert from_networkx(nx.DiGraph(graph.edges)).num_edges == 2
    graph.add_node("alone")
    assert from_networkx(graph).num_nodes == 3


def test_edges_of_multigraphs_all_count_with_their_weights():
    graph = nx.MultiDiGraph()
    graph.add_edge(5, 3, w=1.5)
    graph.add_edge(5, 3, w=2)
    data = from_networkx(graph, weight="w")
    assert data.node_id.tolist() == [5, 3]
    assert data.edge_index.tolist() == [[0, 0], [1, 1]]
    assert data.edge_weight.tolist() == [1.5, 2]
    both = from_networkx(nx.Graph(graph), weight="w")
    assert both.edge_weight.tolist() == [2, 2]


def test_attributes_of_nodes_become_features_and_labels():
    graph = nx.path_graph(4)
    nx.set_node_attributes(graph, {i: [i, 1.0] for i in range(4)}, "f")
    nx.set_node_attributes(graph, {0: "b", 1: "a", 3: "b"}, "kind")
    nx.set_node_attributes(graph, {i: i % 2 for i in range(3)}, "half")
    data = from_networkx(graph, features="f", label="kind")
    assert data.x.tolist() == [[0, 1], [1, 1], [2, 1], [3, 1]]
    assert data.y.tolist() == [1, 0, -1, 1]
    assert from_networkx(graph, label="half").y.tolist() == [0, 1, 0, -1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight": "w"}, "edge 1 - 2 has no attribute 'w'; it has none"),
        ({"features": "f"}, "node 2 has no attribute 'f'; it has g"),
        ({"features": "g"}, "the node attribute 'g' is not F numbers"),
    ],
)
def test_attributes_that_are_missing_are_named(options, message):
    graph = nx.path_graph(3)
    graph.edges[0, 1]["w"] = 1
    graph.nodes[0]["f"] = graph.nodes[1]["f"] = 0.0
    for node in graph:
        graph.nodes[node]["g"] = "abc"
    with pytest.raises(DataError, match=message):
        from_networkx(graph, **options)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.coo_matrix, sp.csc_matrix])
def test_entries_of_a_sparse_matrix_are_edges_from_row_to_column(kind):
    dense = np.array([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    data = from_scipy(kind(dense), x=sp.eye_array(3), y=[0, 1, -1], node_id=["a", "b", "c"])
    assert sorted(data.edge_index.T.tolist()) == [[0, 1], [1, 2]]
    assert data.get("edge_weight") is None
    dataset = node_dataset("mine", data, node_ids=data.node_id)
    assert dataset.graph.x.tolist() == np.eye(3).tolist()
    assert dataset.node_ids.tolist() == ["a", "b", "c"]
    assert from_scipy(kind(3 * dense)).edge_weight.tolist() == [3, 3]
    with pytest.raises(DataError, match=r"must be square, got shape \(2, 3\)"):
        from_scipy(kind(dense[:2]))


def test_a_saved_graph_is_the_same_as_a_dataset(tmp_path):
    graph = nx.karate_club_graph()
    data = from_networkx(graph, label="club", weight="weight")
    save_graph(data, tmp_path / "club.npz")
    dataset = CustomDataset(str(tmp_path / "club.npz"), transforms=[Constant()]).load(tmp_path)
    assert torch.equal(dataset.y, data.y)
    assert dataset.node_ids.tolist() == list(range(34))
    assert torch.equal(dataset.graph.edge_weight, data.edge_weight.float())
    data.x = torch.eye(34).to_sparse()
    data.train_mask, data.test_mask = torch.arange(34) < 9, torch.arange(34) > 20
    save_graph(data, tmp_path / "club.npz")
    dataset = CustomDataset(str(tmp_path / "club.npz")).load(tmp_path)
    assert torch.equal(dataset.graph.x, torch.eye(34))
    assert torch.equal(dataset.train_mask[:, 0], data.train_mask)


def test_bad_graphs_are_not_saved(tmp_path):
    with pytest.raises(DataError, match="names node 3, but nodes are"):
        save_graph(
            Data(x=torch.ones(3, 1), edge_index=torch.tensor([[3], [0]])), tmp_path / "a.npz"
        )
    with pytest.raises(DataError, match="use its to_homogeneous"):
        save_graph(HeteroData(), tmp_path / "a.npz")
    with pytest.raises(DataError, match=r"a.csv must end in .npz"):
        save_graph(Data(), tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())

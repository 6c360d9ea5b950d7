"""Transforms: their own random stream, ids that follow the nodes, and errors in one line."""

from __future__ import annotations

import random
from functools import partial

import numpy as np
import pytest
import torch
import torch_geometric.transforms as T  # noqa: N812
from torch_geometric.data import Data

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.data.node_dataset import node_dataset
from graphssl.errors import ConfigError, DataError


def graph(**changes) -> Data:
    """Two components, 0-1-2-3 and 4-5, and node 6 alone."""
    edges = torch.tensor([[0, 1, 2, 4], [1, 2, 3, 5]])
    parts = {
        "x": torch.arange(14.0).reshape(7, 2),
        "edge_index": torch.cat([edges, edges.flip(0)], dim=1),
        "y": torch.tensor([0, 1, 0, 1, 0, 1, 0]),
    }
    return Data(**{**parts, **changes})


def draws(data: Data) -> Data:
    data.x = torch.tensor([[torch.rand(()), np.random.rand(), random.random()]] * 7)  # noqa: NPY002
    return data


def test_every_global_stream_is_seeded_by_the_transform_seed_and_put_back() -> None:
    def state():
        return torch.get_rng_state().tolist(), str(np.random.get_state()), random.getstate()  # noqa: NPY002

    def loaded(seed: int) -> list[float]:
        torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002
        before = state()
        found = node_dataset("path", graph(), [draws], transform_seed=seed).graph.x[0].tolist()
        assert state() == before
        return found

    zero, again, one = loaded(0), loaded(0), loaded(1)
    assert zero == again
    assert all(a != b for a, b in zip(zero, one, strict=True))


def test_the_streams_are_put_back_after_an_error() -> None:
    def fails(data: Data) -> Data:
        draws(data)
        raise KeyError("nothing")

    before = torch.get_rng_state(), str(np.random.get_state()), random.getstate()  # noqa: NPY002
    with pytest.raises(DataError):
        node_dataset("path", graph(), [fails])
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (str(np.random.get_state()), random.getstate()) == before[1:]  # noqa: NPY002


SPLIT = "{_target_: torch_geometric.transforms.RandomNodeSplit, num_val: 5, num_test: 5}"


@pytest.mark.parametrize("dataset", ["sbm", "csbm", "digits", "karate", "low_rank", "custom"])
def test_the_seed_reaches_the_transforms_of_every_dataset(dataset: str, tmp_path) -> None:
    chosen = [f"dataset={dataset}", f"dataset.transforms=[{SPLIT}]"]
    if dataset == "custom":
        data = graph(
            x=torch.rand(30, 2), y=torch.arange(30) % 2, edge_index=torch.arange(30).expand(2, -1)
        )
        torch.save(data, tmp_path / "mine.pt")
        chosen.append(f"dataset.path={tmp_path / 'mine.pt'}")

    def masks(seed: int) -> list[bool]:
        torch.rand(2)  # where the global stream stands does not matter
        config, *_ = compose([*chosen, f"dataset.transform_seed={seed}"])
        return build.dataset(config).test_mask.flatten().tolist()

    assert masks(0) == masks(0) != masks(1)


def test_a_loader_that_draws_is_seeded_too(tmp_path, monkeypatch) -> None:
    (tmp_path / "drawing_loader.py").write_text(
        "import torch\nfrom torch_geometric.data import Data\n"
        "from graphssl.data.node_dataset import node_dataset\n"
        "class Loader:\n"
        "    def __init__(self, name, **more):\n        self.name = name\n"
        "    def load(self, data_dir, mirror=None):\n"
        "        return node_dataset(self.name, Data(x=torch.rand(4, 2), "
        "edge_index=torch.arange(4).expand(2, -1), y=torch.arange(4) % 2))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    chosen = ["dataset.name=mine", "dataset._target_=drawing_loader.Loader"]
    config, *_ = compose(chosen)
    first, second = build.dataset(config), build.dataset(config)
    assert torch.equal(first.graph.x, second.graph.x)
    config, *_ = compose([*chosen, "dataset.transform_seed=3"])
    with pytest.raises(ConfigError, match=r"dataset\.transform_seed=3: drawing_loader\.Loader"):
        build.dataset(config)


@pytest.mark.parametrize("seed", [-1, 1.5, "word", True])
def test_a_transform_seed_is_a_whole_number(seed) -> None:
    with pytest.raises(ConfigError, match=f"transform_seed must be a whole .*{seed!r}"):
        node_dataset("path", graph(), transform_seed=seed)


IDS = np.array(["a", "b", "c", "d", "e", "f", "g"])


@pytest.mark.parametrize(
    ("transform", "left"),
    [
        (T.LargestConnectedComponents(), [0, 1, 2, 3]),
        (T.RemoveIsolatedNodes(), [0, 1, 2, 3, 4, 5]),
        (lambda data: data.subgraph(torch.tensor([5, 4, 1, 0])), [5, 4, 1, 0]),
    ],
)
def test_ids_follow_the_nodes(transform, left: list[int]) -> None:
    dataset = node_dataset("path", graph(), [T.NormalizeFeatures(), transform])
    assert dataset.node_ids.tolist() == left
    named = node_dataset("path", graph(), [transform, T.NormalizeFeatures()], node_ids=IDS)
    assert named.node_ids.tolist() == IDS[left].tolist()
    assert named.y.tolist() == graph().y[left].tolist()
    numbered = node_dataset("path", graph(), [transform], node_ids=np.arange(7) * 10)
    assert numbered.node_ids.tolist() == [10 * node for node in left]


def test_without_a_change_of_nodes_ids_are_those_given() -> None:
    assert node_dataset("path", graph(), [T.NormalizeFeatures()]).node_ids is None
    assert node_dataset("path", graph(), node_ids=IDS).node_ids.tolist() == IDS.tolist()


def test_a_node_that_a_transform_adds_has_no_id() -> None:
    added = node_dataset("path", graph(), [T.VirtualNode()])
    assert added.node_ids.tolist() == [0, 1, 2, 3, 4, 5, 6, -1]
    named = node_dataset("path", graph(), [T.VirtualNode()], node_ids=IDS)
    assert named.node_ids.tolist() == [*IDS, ""]


def test_a_graph_handed_in_is_left_as_it_is() -> None:
    data = graph()
    node_dataset("path", data, [T.LargestConnectedComponents()])
    assert sorted(data.keys()) == ["edge_index", "x", "y"]
    assert data.num_nodes == 7


def test_a_transform_that_makes_a_new_graph_of_the_same_nodes_keeps_their_ids() -> None:
    def anew(data: Data) -> Data:
        return Data(x=data.x, edge_index=data.edge_index, y=data.y)

    dataset = node_dataset("path", graph(), [T.LargestConnectedComponents(), anew])
    assert dataset.node_ids.tolist() == [0, 1, 2, 3]


def half(data: Data) -> Data:
    keep = torch.arange(4)
    edges = data.edge_index[:, (data.edge_index < 4).all(0)]
    return Data(x=data.x[keep], edge_index=edges, y=data.y[keep])


def twice(data: Data) -> Data:
    data.x, data.y = data.x.repeat(2, 1), data.y.repeat(2)
    data.n_id = data.n_id.repeat(2)
    return data


def speechless(data: Data) -> Data:
    raise AssertionError


@pytest.mark.parametrize(
    ("transform", "message"),
    [
        (half, r"half turned 7 nodes into 4 that can no longer"),
        (twice, r"twice turned 7 nodes into 14 that can no longer"),
        (T.OneHotDegree(max_degree=1), r"OneHotDegree failed: RuntimeError: \S"),
        (T.Cartesian(), r"Cartesian failed: AssertionError without a message, raised in \S+:\d"),
        (speechless, r"speechless failed: AssertionError without a message, raised in test_tr"),
        (partial(speechless), r"the transform speechless failed"),
        (lambda data: None, r"returned NoneType, not a torch_geometric Data"),
        (T.RandomLinkSplit(), r"RandomLinkSplit returned tuple, not a torch_geometric Data"),
    ],
)
def test_a_transform_that_fails_is_one_line_with_its_name(transform, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        node_dataset("path", graph(), [transform])
    assert str(error.value).startswith("path: the transform ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (np.arange(6), r"node_id is int64 of shape \(6,\)"),
        (np.arange(7.0), r"node_id is float64"),
        (np.array([1, 2, 3, 4, 5, 5, 7]), "node_id contains 5 2 times"),
        (np.array(["a", "b", "c", "d", "e", "f", "f"]), "node_id contains f 2 times"),
    ],
)
def test_bad_ids_are_one_line(ids, message: str) -> None:
    with pytest.raises(DataError, match=message):
        node_dataset("path", graph(), node_ids=ids)


def test_a_transform_that_cannot_be_made_is_named_by_its_key():
    config, *_ = compose(
        ["dataset.transforms=[{_target_: torch_geometric.transforms.OneHotDegree}]"]
    )
    with pytest.raises(ConfigError, match=r"^dataset\.transforms0: .*OneHotDegree: TypeError: "):
        build.dataset(config)

"""A BGRL step against the published one in plain PyG: ``python -m benchmarks.step``.

Both sides keep freed memory, which helps plain PyG most; ``--default-allocator`` uses the system's
allocator instead. They take steps in turn, in one process, with the recipe's widths and drop rates;
our side draws its masks inside the step, the other is given them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch_geometric.nn import GATConv, GCNConv, SAGEConv

from benchmarks.floor import measured_rates, step_floor
from benchmarks.graphs import Setting, setting
from benchmarks.measure import KEEP_MEMORY, Row, in_child, interleaved
from benchmarks.reference_step import PlainBGRL
from benchmarks.table import as_text
from graphssl.config import build
from graphssl.encoders.layer_weights import layer_weights
from graphssl.encoders.operators import MLPGINConv
from graphssl.regularizers.werank import WERank
from graphssl.seeding import generator
from graphssl.training.loop import TrainingState, train
from graphssl.training.matmul import products

# at least, aim; rounds, fewer if a step takes seconds
GCN = {
    "cora": (2.5, 4.5, 11),
    "amazon_photo": (2.2, 3.5, 7),
    "amazon_computers": (2.2, 3.5, 5),
    "coauthor_cs": (4.5, 8.0, 3),
}
TARGETS = {
    "gcn": GCN,
    "gat": {"amazon_photo": (1.3, 2.0, 5)},
    "sage": {"amazon_photo": (1.5, 2.5, 3)},
    "gin": {"amazon_photo": (1.5, 2.5, 3)},
}
WERANK = {"amazon_photo": (0.03, 0.01), "coauthor_cs": (0.10, 0.05)}


class OurStep:
    """A callable that takes one step of the training loop, as in a run."""

    def __init__(self, on: Setting, device: str = "cpu") -> None:
        config, self.graph = on.config, on.data.graph.to(device)
        self.objective = build.objective(config, self.graph.num_features).to(device)
        parameters = list(self.objective.trainable_parameters())
        self.state = TrainingState(
            self.objective,
            build.optimizer(config, parameters),
            generator(0, "augmentation", self.graph.x.device),
        )
        self.augmentation = build.augmentation(config)
        self.regularizer = build.regularizer(config)
        self.settings = build.settings(config)

    def __call__(self) -> None:
        one = replace(self.settings, steps=self.state.step + 1)
        with products(one.matmul, self.graph.x.device):
            train(self.state, self.graph, self.augmentation, self.regularizer, one, [])


def _four_heads(in_channels: int, out_channels: int) -> GATConv:
    return GATConv(in_channels, out_channels // 4, heads=4)


PLAIN = {"gcn": GCNConv, "gat": _four_heads, "sage": SAGEConv, "gin": MLPGINConv}


def plain_step(on: Setting, encoder: str, device: str = "cpu") -> partial[float]:
    """Make the same step in plain PyG, on masks that are drawn once."""
    recipe, graph = on.config.recipe, on.data.graph.to(device)
    plain = PlainBGRL(
        graph.num_features, list(recipe.channels), recipe.predictor_channels, recipe.lr,
        recipe.weight_decay, total=1000, warmup=100, conv=PLAIN[encoder],
    )  # fmt: skip
    plain.to(device).start()
    drops = [p for pair in zip(recipe.drop_feature, recipe.drop_edge, strict=True) for p in pair]
    sizes = (graph.num_features, graph.num_edges) * 2
    masks = [(torch.rand(n) >= p).to(device) for n, p in zip(sizes, drops, strict=True)]
    return partial(plain.step, graph.x, graph.edge_index, masks)


def compare(graph: str, encoder: str, rounds: int, size: Any = None) -> dict[str, Any]:
    """Measure median seconds of both steps, of WERank's value and gradient, and of the floor."""
    on = setting(graph, f"encoder={encoder}", size=size)
    ours = OurStep(on)
    weights, werank = layer_weights(ours.objective, trainable=True), WERank()

    def penalty() -> None:
        torch.autograd.grad(werank.penalty(weights).total, list(weights.values()))

    plain_s, ours_s = interleaved([plain_step(on, encoder), ours], rounds)
    (werank_s,) = interleaved([penalty], 3 * rounds)
    floor = step_floor(on, *measured_rates()) if encoder == "gcn" else None
    return {
        "plain": plain_s, "ours": ours_s, "werank": werank_s, "floor": floor, "real": on.real,
    }  # fmt: skip


def rows(encoder: str, graphs: Sequence[str], env: Mapping[str, str] = KEEP_MEMORY) -> list[Row]:
    """Benchmark each graph in a separate process."""
    table = []
    for graph in graphs:
        least, aim, rounds = TARGETS[encoder][graph]
        found = in_child(
            "benchmarks.step:compare", env, graph=graph, encoder=encoder, rounds=rounds
        )
        note = "" if found["real"] else "random graph of its size"
        table.append(
            Row(f"step {graph} {encoder}", "s", found["ours"], found["plain"], "x", least, aim,
                rounds, found["floor"], note)
        )  # fmt: skip
        if encoder == "gcn" and graph in WERANK:
            table.append(
                Row(f"WERank on a step {graph}", "s", found["werank"], found["ours"], "share",
                    *WERANK[graph], 3 * rounds, note=note)
            )  # fmt: skip
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.step", description=__doc__)
    parser.add_argument("--graphs", nargs="+", choices=GCN, default=list(GCN))
    parser.add_argument("--default-allocator", action="store_true")
    options = parser.parse_args()
    env = {} if options.default_allocator else KEEP_MEMORY
    print(as_text(rows("gcn", options.graphs, env)))


if __name__ == "__main__":
    main()

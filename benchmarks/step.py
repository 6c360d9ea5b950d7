"""A BGRL step against the published one in plain PyG.

``python -m benchmarks.step cora amazon_photo``. Both take their steps in turn, in one process, one
thread, on the recipe's widths and drop rates, with masks drawn inside the step on our side and
given to the other. Prints medians and their ratio.
"""

from __future__ import annotations

import statistics
import sys
import time

import torch

from benchmarks.reference_step import PlainBGRL
from graphssl import build
from graphssl.cli import compose
from graphssl.job import prepare
from graphssl.seeding import generator
from graphssl.training.loop import TrainingState, train

STEPS = 7  # of each, after one that is not counted


def main(names: list[str]) -> None:
    torch.set_num_threads(1)
    print("graph            plain PyG ms     ours ms    plain / ours")
    for name in names:
        config, choices, overrides = compose(
            [f"dataset={name}", f"trainer.steps={STEPS + 1}", "probe=[]", "trainer.eval_every=0"]
        )
        job = prepare(config, choices, overrides, torch.device("cpu"))
        graph, recipe = job.data.graph, config.recipe
        plain = PlainBGRL(
            graph.num_features, list(recipe.channels), recipe.predictor_channels,
            recipe.lr, recipe.weight_decay, STEPS + 1, 1,
        )  # fmt: skip
        plain.start()
        drops = (recipe.drop_feature[0], recipe.drop_edge[0], recipe.drop_feature[1],
                 recipe.drop_edge[1])  # fmt: skip
        sizes = (graph.num_features, graph.num_edges) * 2
        masks = [torch.rand(n) >= p for n, p in zip(sizes, drops, strict=True)]
        times: list[tuple[float, float]] = []
        mark = time.perf_counter()

        def both(report, plain=plain, graph=graph, masks=masks, times=times) -> None:
            nonlocal mark
            ours = time.perf_counter() - mark
            started = time.perf_counter()
            plain.step(graph.x, graph.edge_index, masks)
            times.append((time.perf_counter() - started, ours))
            mark = time.perf_counter()

        state = TrainingState(job.objective, job.optimizer, generator(0, "augmentation"))
        train(state, graph, job.augmentation, build.regularizer(config), job.settings, [both])
        plain_ms, ours_ms = (1e3 * statistics.median(t[1:]) for t in zip(*times, strict=True))
        ratio = statistics.median(a / b for a, b in times[1:])
        print(f"{name:16} {plain_ms:12.0f} {ours_ms:11.0f} {ratio:12.2f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["cora", "amazon_photo"])

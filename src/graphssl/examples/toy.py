"""``python -m graphssl.examples.toy``: rank against depth, width and WERank, on data of known rank.

The paper (arXiv 2402.09586) claims that under BYOL rank falls with depth and overparameterisation,
and that WERank preserves it. ``graphssl experiment=toy_overparameterised`` makes one such run. This
script composes the same configuration once per kind of network and sets its depth, width, seed and
alpha; the same functions (``build``, ``train``) run it without a folder, a record or a probe: some
seventy runs in less than a minute, one figure and one table. Any override of the command line
works: ``python -m graphssl.examples.toy norm=batch``.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pandas as pd
import torch
from omegaconf import DictConfig
from rich.console import Console
from torch import nn

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.config.messages import EXPECTED, describe
from graphssl.diagnostics.geometry import mean_pair_cosine
from graphssl.diagnostics.layers import layer_outputs
from graphssl.diagnostics.rank import effective_rank
from graphssl.diagnostics.spectrum import singular_spectra
from graphssl.diagnostics.start import after_first_forward
from graphssl.examples.toy_figure import draw, table
from graphssl.seeding import generator
from graphssl.training.loop import StepReport, TrainingState, train

NETWORKS = {"linear": "identity", "ReLU": "relu"}  # name -> act
SEEDS = (0, 1, 2)
SHAPES = ((1, 32), (2, 32), (4, 32), (8, 32), (4, 8), (4, 128))  # depth, width
ALPHA = 0.1


def main(argv: Sequence[str] | None = None) -> None:
    """Run the grid, print the table and draw the figure."""
    parser = argparse.ArgumentParser(prog="python -m graphssl.examples.toy")
    parser.add_argument("--out", type=Path, default=Path("runs/toy"), help="folder for the figure")
    parser.add_argument("--alpha", type=float, default=ALPHA, help="alpha of WERank")
    parser.add_argument("overrides", nargs="*", help="as for graphssl, e.g. norm=batch")
    args = parser.parse_args(argv)
    torch.set_num_threads(1)  # the matrices are too small for threads to pay off
    console, started = Console(), time.perf_counter()
    try:
        frame = grid(SHAPES, SEEDS, args.alpha, args.overrides)
    except EXPECTED as error:
        sys.exit(f"graphssl: error: {describe(error, args.overrides)}")
    console.print(table(frame))
    for path in draw(frame, args.out):
        console.print(f"figure: {path}", highlight=False)
    console.print(f"{time.perf_counter() - started:.0f} s", highlight=False)


def grid(
    shapes: Sequence[tuple[int, int]],
    seeds: Sequence[int],
    alpha: float = ALPHA,
    overrides: Sequence[str] = (),
) -> pd.DataFrame:
    """Train every network, shape and seed, without and with WERank, from the same initial weights.

    Returns:
        One row per layer and measured step: network, regularizer, depth, width, seed, data_rank,
        step (0 is untrained), layer (0 is the data), rank (effective, of the centred rows), cosine
        (mean over pairs of rows).
    """
    runs = [(depth, width, seed) for depth, width in shapes for seed in seeds]
    arms = {
        "none": ["regularizer=none"],
        "WERank": ["regularizer=werank", f"regularizer.alpha={alpha}"],
    }
    rows: list[dict[str, object]] = []
    for (network, act), (regularizer, chosen) in product(NETWORKS.items(), arms.items()):
        base, *_ = compose(["experiment=toy_overparameterised", f"act={act}", *chosen, *overrides])
        for depth, width, seed in runs:
            config = copy.deepcopy(base)
            config.seed, config.recipe.channels = seed, [width] * depth
            labels = {
                "network": network,
                "regularizer": regularizer,
                "depth": depth,
                "width": width,
                "seed": seed,
                "data_rank": base.dataset.rank,
            }
            rows += [{**labels, **found} for found in ranks_over_training(config)]
    return pd.DataFrame(rows)


def ranks_over_training(config: DictConfig) -> list[dict[str, float]]:
    """Train one run; measure before the first step and every ``diagnostics.every`` steps."""
    graph, settings = build.dataset(config).graph, build.settings(config)
    objective = build.objective(config, graph.num_features)
    optimizer = build.optimizer(config, list(objective.trainable_parameters()))
    state = TrainingState(objective, optimizer, generator(config.seed, "augmentation"))
    rows: list[dict[str, float]] = []
    augmentation, regularizer = build.augmentation(config), build.regularizer(config)

    def measure(step: int, network: nn.Module = objective) -> None:
        _, outputs = layer_outputs(network, graph.view())
        names = [f"encoder.acts.{i}" for i in range(len(config.recipe.channels))]
        for layer, z in enumerate([graph.x, *(outputs[name] for name in names)]):
            rank = effective_rank(singular_spectra(z).centred)
            rows.append({"step": step, "layer": layer, "rank": rank, "cosine": mean_pair_cosine(z)})

    def observe(report: StepReport) -> None:
        if report.step % config.diagnostics.every == 0 or report.step == report.total:
            measure(report.step)

    views = augmentation(graph.view(), generator(config.seed, "augmentation"))
    measure(0, after_first_forward(objective, *views))
    train(state, graph, augmentation, regularizer, settings, [observe])
    return rows


if __name__ == "__main__":
    main()

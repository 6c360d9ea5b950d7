"""The batched probe solver against scikit-learn: time, accuracy, distance from the optimum.

    python -m benchmarks.probe                        # 7,650 x 256, 20 splits, 21 C: ten minutes
    python -m benchmarks.probe --reference-splits 1   # scikit-learn on 1 split, times 20: a minute
    python -m benchmarks.probe --nodes 2000 --dims 64 --splits 5 --repeats 1   # seconds

Every contender chooses C on the validation tenth and is tested on the same splits. `excess` is how
far the objective is above the lowest one found, at the worst C, on the first split. With its
default tolerance, 1e-4, scikit-learn stops early if C is large, so the ratio that counts is to a
solver that reaches the optimum.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from functools import partial

import numpy as np
import sklearn
import torch
from scipy.special import logsumexp

from graphssl.contracts import FloatArray, IntArray
from graphssl.probing.metrics import measure
from graphssl.probing.selection import Selection, select_on_validation
from graphssl.probing.solvers.batched import fit_batched
from graphssl.probing.solvers.liblinear import fit_one_vs_rest
from graphssl.probing.solvers.linear import Fit, LinearModels, normalized_rows
from graphssl.probing.solvers.multinomial import fit_multinomial
from graphssl.probing.splits import random_splits

GRID = 2.0 ** np.arange(-10, 11)


def blobs(nodes: int, dims: int, classes: int) -> tuple[FloatArray, IntArray]:
    """Overlapping Gaussian classes, spectrum falling as 1/k, PReLU, rows of unit length."""
    rng = np.random.default_rng(0)
    y = rng.integers(classes, size=nodes)
    x = 0.5 * rng.normal(size=(classes, dims))[y] + rng.normal(size=(nodes, dims))
    rotation, _ = np.linalg.qr(rng.normal(size=(dims, dims)))
    x = (x / np.arange(1, dims + 1)) @ rotation
    x = np.where(x > 0, x, 0.25 * x)
    return normalized_rows(x.astype(np.float32), y), y


def objectives(models: LinearModels, rows: FloatArray, y: IntArray, train: IntArray) -> FloatArray:
    x, labels = rows[train].astype(np.float64), y[train]
    values = []
    for c, W, b in zip(GRID, models.weight[0], models.bias[0], strict=True):
        W, b = W.astype(np.float64), b.astype(np.float64)
        Z = x @ W.T + b
        loss = (logsumexp(Z, axis=1) - Z[np.arange(len(labels)), labels]).sum()
        values.append(c * loss + 0.5 * np.square(W).sum())
    return np.array(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=7650)
    parser.add_argument("--dims", type=int, default=256)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--splits", type=int, default=20)
    parser.add_argument("--reference-splits", type=int, help="splits given to scikit-learn")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--device", default="cpu", help="of the batched solver")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows, y = blobs(options.nodes, options.dims, options.classes)
    splits = random_splits(options.nodes, 0.1, 0.1, options.splits, 0)
    few = splits[: options.reference_splits]

    def on_device(dtype: type) -> Fit:
        return lambda x, *rest: fit_batched(x.astype(dtype), *rest, device=options.device)

    def lbfgs(tolerance: float) -> Fit:
        return partial(fit_multinomial, tolerance=tolerance)

    contenders = {
        "batched float32": (on_device(np.float32), splits),
        "batched float64": (on_device(np.float64), splits),
        "lbfgs, warm start, tol 1e-6": (lbfgs(1e-6), few),
        "lbfgs, warm start, tol 1e-5": (lbfgs(1e-5), few),
        "lbfgs, warm start, tol 1e-4": (lbfgs(1e-4), few),
        "liblinear, one-vs-rest": (fit_one_vs_rest, few),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    chosen: dict[str, Selection] = {}
    for _ in range(options.repeats):
        for name, (fit, some) in contenders.items():
            start = time.perf_counter()
            chosen[name] = select_on_validation(rows, y, some, GRID, fit)
            seconds[name].append((time.perf_counter() - start) * len(splits) / len(some))

    train = splits[0].train
    values = {
        name: objectives(fit(rows, y, [train], GRID, options.classes), rows, y, train)
        for name, (fit, _) in contenders.items()
        if not name.startswith("liblinear")
    }
    best = np.min(list(values.values()), axis=0)
    machine = f"{platform.machine()}, {options.threads} torch thread(s), {options.device}"
    print(f"torch {torch.__version__}, scikit-learn {sklearn.__version__}, {machine}")
    print(f"N={options.nodes} D={options.dims}, {len(splits)} splits x {len(GRID)} C", end="")
    print(
        f", scikit-learn on {len(few)} of them, times scaled; accuracies on these"
        if len(few) < len(splits)
        else ""
    )
    print(f"{'solver':30} {'median s':>9} {'ratio':>6} {'test acc':>9} {'excess':>9}")
    fastest = statistics.median(seconds["batched float32"])
    for name in contenders:
        median = statistics.median(seconds[name])
        accuracy = np.mean(measure(chosen[name].models, rows, y, [s.test for s in few])["accuracy"])
        excess = f"{(values[name] / best - 1).max():9.1e}" if name in values else f"{'-':>9}"
        print(f"{name:30} {median:9.2f} {median / fastest:6.1f} {100 * accuracy:9.2f} {excess}")


if __name__ == "__main__":
    main()

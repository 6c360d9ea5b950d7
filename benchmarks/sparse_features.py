"""Break-even of a sparse first product: ``python -m benchmarks.sparse_features``.

Times ``X W`` and its gradient in W, dense and sparse in turn, for several shares of nonzeros, with
one thread; prints medians and their ratio. Cora's size: 2,708 nodes, 1,433 features, 256 channels.
"""

from __future__ import annotations

import statistics
import time

import torch

from graphssl.encoders.fast.sparse import BothWays

NODES, FEATURES, CHANNELS, REPEATS = 2708, 1433, 256, 7


def seconds(product, weight) -> float:
    started = time.perf_counter()
    out = product(weight)
    torch.autograd.grad(out, weight, torch.ones_like(out))
    return time.perf_counter() - started


def main() -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(FEATURES, CHANNELS, generator=generator, requires_grad=True)
    print("density   dense ms   sparse ms   dense / sparse")
    for density in (0.01, 0.03, 0.1, 0.2, 0.35):
        x = torch.rand(NODES, FEATURES, generator=generator)
        x = x * (torch.rand(NODES, FEATURES, generator=generator) < density)
        row, col = x.nonzero(as_tuple=True)
        values = x[row, col]
        sparse = BothWays.of(row, col, (NODES, FEATURES)).matrix(values)
        pairs = [
            (seconds(lambda w, x=x: x @ w, weight), seconds(lambda w, s=sparse: s @ w, weight))
            for _ in range(REPEATS)
        ]
        dense_ms, sparse_ms = (1e3 * statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{density:7.2f} {dense_ms:10.1f} {sparse_ms:11.1f} {ratio:16.2f}")


if __name__ == "__main__":
    main()

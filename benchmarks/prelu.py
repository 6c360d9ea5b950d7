"""Our PReLU against torch's, forward and backward: ``python -m benchmarks.prelu``."""

from __future__ import annotations

import statistics
import time

import torch

from graphssl.encoders.prelu import PReLU

REPEATS = 9


def seconds(module: torch.nn.Module, x: torch.Tensor, grad: torch.Tensor) -> float:
    started = time.perf_counter()
    torch.autograd.grad(module(x), [x, module.weight], grad)
    return time.perf_counter() - started


def main() -> None:
    torch.set_num_threads(1)
    print("size          torch ms   ours ms   torch / ours")
    for size in ((2708, 512), (7650, 256)):
        x, grad = torch.randn(size, requires_grad=True), torch.randn(size)
        pairs = [
            (seconds(torch.nn.PReLU(), x, grad), seconds(PReLU(), x, grad)) for _ in range(REPEATS)
        ]
        torch_ms, ours_ms = (1e3 * statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{size[0]:5} x {size[1]:4} {torch_ms:9.1f} {ours_ms:9.1f} {ratio:14.1f}")


if __name__ == "__main__":
    main()

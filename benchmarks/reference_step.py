"""The published BGRL step in plain PyG, with which ours is tested to agree and compared in time.

Written from arXiv 2102.06514 and the facts of its official code: GCNConv -> BatchNorm (momentum
0.99) -> PReLU on every layer, views made by copying features and dropping edges, predictor
Linear -> PReLU -> Linear, target in train mode, EMA on parameters.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch_geometric.nn import GCNConv


class PlainEncoder(nn.Module):
    """A stack of ``conv`` -> BatchNorm -> PReLU."""

    def __init__(self, in_channels: int, channels: Sequence[int], conv=GCNConv) -> None:
        super().__init__()
        widths = [in_channels, *channels]
        self.convs = nn.ModuleList(conv(a, b) for a, b in zip(widths, channels, strict=False))
        self.norms = nn.ModuleList(nn.BatchNorm1d(c, momentum=0.99) for c in channels)
        self.acts = nn.ModuleList(nn.PReLU() for _ in channels)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        for conv, norm, act in zip(self.convs, self.norms, self.acts, strict=True):
            x = act(norm(conv(x, edge_index)))
        return x


class PlainBGRL:
    """Networks, optimizer and the step; ``lr`` follows the published schedule."""

    def __init__(
        self,
        in_channels: int,
        channels: Sequence[int],
        predictor_channels: int,
        lr: float,
        weight_decay: float,
        total: int,
        warmup: int,
        conv=GCNConv,
    ) -> None:
        out = channels[-1]
        self.online = PlainEncoder(in_channels, channels, conv)
        self.target = copy.deepcopy(self.online).requires_grad_(False)
        self.predictor = nn.Sequential(
            nn.Linear(out, predictor_channels), nn.PReLU(), nn.Linear(predictor_channels, out)
        )
        self.lr, self.weight_decay, self.total, self.warmup = lr, weight_decay, total, warmup
        self.taken = 0

    def to(self, device: str | torch.device, dtype: torch.dtype | None = None) -> PlainBGRL:
        for part in (self.online, self.target, self.predictor):
            part.to(device=device, dtype=dtype)
        return self

    def start(self) -> None:
        """Make the optimizer, after the weights have been moved to their device."""
        self.optimizer = torch.optim.AdamW(
            [*self.online.parameters(), *self.predictor.parameters()],
            lr=self.lr,
            weight_decay=self.weight_decay,
        )

    def step(self, x: Tensor, edge_index: Tensor, masks: Sequence[Tensor]) -> float:
        """Take one step on masks (features 1, edges 1, features 2, edges 2), True where kept."""
        t = self.taken
        if t < self.warmup:
            lr = self.lr * t / self.warmup
        else:
            done = (t - self.warmup) / (self.total - self.warmup)
            lr = self.lr * (1 + math.cos(math.pi * done)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        views = []
        for features, edges in ((masks[0], masks[1]), (masks[2], masks[3])):
            copied = x.clone()
            copied[:, ~features] = 0.0
            views.append((copied, edge_index[:, edges]))
        q1, q2 = (self.predictor(self.online(*view)) for view in views)
        with torch.no_grad():
            y1, y2 = (self.target(*view) for view in views)
        loss = (
            2
            - nn.functional.cosine_similarity(q1, y2, dim=-1).mean()
            - nn.functional.cosine_similarity(q2, y1, dim=-1).mean()
        )
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        momentum = 1 - 0.01 * (1 + math.cos(math.pi * t / self.total)) / 2
        with torch.no_grad():
            for target, online in zip(
                self.target.parameters(), self.online.parameters(), strict=True
            ):
                target.mul_(momentum).add_(online, alpha=1 - momentum)
        self.taken += 1
        return loss.item()

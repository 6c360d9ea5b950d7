"""How much an edge or a feature dimension matters, and how often to drop it for that.

GCA, adaptive augmentation (arXiv 2010.14945, sections 3.2.1 and 3.2.2).
"""

from __future__ import annotations

import torch
from torch import Tensor

ROWS = 1024  # features are read in blocks of rows, so that no second (N, F) tensor is made


def drop_ratio(importance: Tensor) -> Tensor:
    """``(s_max - s) / (s_max - s_mean)`` with ``s = log(1 + importance)``, (K,): mean 1, best 0.

    The paper has ``s = log(importance)``; the 1 is the official code's and keeps 0 finite.
    Importances that are all equal up to rounding give ones, where the formula has 0 / 0.
    """
    if importance.numel() == 0:
        return importance
    s = torch.log1p(importance)
    gap = s.max() - s.mean()
    return torch.where(gap > 1e-9 * s.max(), (s.max() - s) / gap, torch.ones_like(s))


def edge_importance(edge_index: Tensor, centrality: Tensor, undirected: bool) -> Tensor:
    """Centrality of the node pointed at, (E,); if ``undirected``, mean over both end nodes."""
    ends = centrality[edge_index]
    return ends.mean(0) if undirected else ends[1]


def feature_importance(x: Tensor, centrality: Tensor) -> Tensor:
    """``w_i = sum_u a_ui * centrality(u)``, (F,) float64.

    ``a_ui`` is 1 where ``x_ui`` is not 0, if every row of ``x`` is a scaled 0/1 vector (bags of
    words, row-normalised or not), and ``|x_ui|`` for dense features.
    """
    blocks = x.split(ROWS)
    binary = all(_is_scaled_binary(rows) for rows in blocks)
    w = torch.zeros(x.size(1), dtype=torch.float64, device=x.device)
    for rows, c in zip(blocks, centrality.split(ROWS), strict=True):
        w += ((rows != 0) if binary else rows.abs()).double().T @ c
    return w


def _is_scaled_binary(rows: Tensor) -> bool:
    a = rows.abs()
    return bool(((a == 0) | (a == a.amax(1, keepdim=True))).all())

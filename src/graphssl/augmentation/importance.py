"""Importance of edges and feature dimensions, and the resulting drop ratios.

GCA, adaptive augmentation (arXiv 2010.14945, sections 3.2.1 and 3.2.2), as in its official code
(CRIPAC-DIG/GCA, pGRACE/functional.py).
"""

from __future__ import annotations

import torch
from torch import Tensor

from graphssl.errors import ConfigError

ROWS = 1024  # features are read in blocks of rows, so that no second (N, F) tensor is made


def drop_ratio(importance: Tensor) -> Tensor:
    """Compute ``(s_max - s) / (s_max - s_mean)`` with ``s = log(importance)``, (K,).

    The ratio is 0 for the most important item and 1 on average. An item of importance 0 (``s =
    -inf``: a feature that no node has) is left out of the mean and gets infinity, so that it is
    dropped as often as ``p_tau`` allows; in GCA's code one such item makes every ratio NaN and
    every probability ``p_tau``. If all others are equal up to a relative 1e-9, for which the
    formula gives 0 / 0, they get 1.

    Raises:
        ConfigError: an importance is negative or not finite.
    """
    if not bool(((importance >= 0) & importance.isfinite()).all()):
        raise ConfigError(
            "a centrality must be finite and not negative at every node; "
            f"importances range from {importance.min():g} to {importance.max():g}"
        )
    counts = importance > 0
    if not bool(counts.any()):
        return torch.ones_like(importance)
    s = importance.log()
    s_max, s_mean = s.max(), s[counts].mean()
    ratio = (s_max - s) / (s_max - s_mean)
    return torch.where(counts & (s_max - s_mean < 1e-9), torch.ones_like(s), ratio)


def edge_importance(edge_index: Tensor, centrality: Tensor, undirected: bool) -> Tensor:
    """Compute the centrality of each edge's target, (E,), or the mean of both ends."""
    ends = centrality[edge_index]  # (2, E)
    return ends.mean(0) if undirected else ends[1]


def feature_importance(x: Tensor, centrality: Tensor, dense: bool) -> Tensor:
    """Compute ``w_i = sum_u a_ui * centrality(u)``, (F,) float64.

    ``a_ui`` is 1 where ``x_ui`` is not 0, or ``|x_ui|`` if ``dense``.

    Raises:
        ConfigError: not ``dense``, and no entry of ``x`` is 0.
    """
    if not dense and x.numel() > 0 and bool((x != 0).all()):
        raise ConfigError(
            "MaskFeaturesByCentrality.dense=False: no feature is 0 anywhere, so all are equally "
            "important; set recipe.dense_features=true"
        )
    w = torch.zeros(x.size(1), dtype=torch.float64, device=x.device)
    for rows, c in zip(x.split(ROWS), centrality.split(ROWS), strict=True):
        w += (rows.abs() if dense else (rows != 0)).double().T @ c  # (F, rows) @ (rows,)
    return w

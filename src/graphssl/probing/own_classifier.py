"""Scores of an objective's own classifier."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from graphssl.contracts import FloatArray, IntArray, ProbeScores, Split
from graphssl.probing.metrics import measure
from graphssl.probing.solvers.linear import LinearModels

# Recorded instead of a solver, since no probe is fitted.
OWN_CLASSIFIER = "own classifier"


def own_scores(
    protocol: str, logits: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
) -> ProbeScores:
    """Score ``logits`` by arg-max on the splits of ``protocol``; nothing is fitted.

    Args:
        protocol: name of the protocol of the splits.
        logits: (N, C).
        y: class of every node, (N,).
        splits: splits on which the network was trained.
        seed: seed of the splits.
    """
    shape = (len(splits), 1, logits.shape[1])
    # (S, 1, C, C): as a linear classifier on the logits, the identity
    identity = np.broadcast_to(np.eye(shape[2], dtype=logits.dtype), (*shape, shape[2]))
    models = LinearModels(identity, np.zeros(shape, logits.dtype), one_vs_rest=False)
    test = measure(models, logits, y, [split.test for split in splits])
    validated = all(len(split.val) for split in splits)
    val = measure(models, logits, y, [split.val for split in splits]) if validated else {}
    return ProbeScores(protocol, OWN_CLASSIFIER, "accuracy", test, val, [], seed)

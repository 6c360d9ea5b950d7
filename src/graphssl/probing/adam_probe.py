"""Linear probes trained by a number of steps of Adam, as in the code of GraphMAE and CCA-SSG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from graphssl.checks import number, one_of, whole_number
from graphssl.contracts import FloatArray, IntArray, ProbeScores, Split
from graphssl.probing.metrics import classified, together
from graphssl.probing.node_probe import NodeProbe
from graphssl.probing.solvers.choose import require_device
from graphssl.probing.solvers.linear import checked_rows
from graphssl.probing.splits import require_parts
from graphssl.seeding import global_stream

Keep = Literal["best", "last"]


class AdamProbe(NodeProbe):
    """``nn.Linear`` on the rows as they are, trained on all training nodes at once.

    Each of ``steps`` steps of Adam, with L2 of ``weight_decay``, is followed by a look at the
    validation nodes. Source: THUDM/GraphMAE, ``graphmae/evaluation.py``; hengruizhang98/CCA-SSG,
    ``main.py``. Both keep the last of the steps of equal validation accuracy.

    Besides the metrics of the step that is kept, two accuracies are scored on the test nodes:
    ``last_accuracy``, at the last step, and ``best_test_accuracy``, the highest one among the steps
    at which validation accuracy was as high as never before. The latter is what CCA-SSG's code
    prints; test labels choose it, so that it is recorded for comparison and never printed.

    Args:
        name: printed with every number.
        steps: number of steps.
        lr: learning rate.
        weight_decay: L2 coefficient of Adam.
        keep: ``best`` for the step of highest validation accuracy, or ``last``.
        device: device to train on.
        splits: arguments of ``NodeProbe``.

    Raises:
        ConfigError: an argument is unknown or out of range.

    Example:
        >>> AdamProbe("demo", steps=10, lr=0.01, weight_decay=0.0).has_validation
        True
    """

    def __init__(
        self,
        name: str,
        steps: int,
        lr: float,
        weight_decay: float,
        keep: Keep = "best",
        device: str = "cpu",
        **splits: Any,
    ) -> None:
        super().__init__(name, **splits)
        whole_number("steps", steps, least=1)
        number("lr", lr, above=0)
        number("weight_decay", weight_decay, least=0)
        one_of("keep", keep, get_args(Keep))
        require_device(device)
        self._steps, self._device, self._keep = steps, device, keep
        self._lr, self._weight_decay = lr, weight_decay

    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Train on the training nodes of each split; ``seed`` draws the first weights, the same.

        Raises:
            DataError: the embeddings cannot be probed, or a split lacks nodes.
        """
        require_parts(self.name, splits, "train", "val", "test")
        rows = torch.as_tensor(checked_rows(embeddings, y), device=self._device)
        val, test, chosen = [], [], []
        for split in splits:
            step, kept, others = self._train(rows, y, split, seed)
            test.append(classified(y[split.test], *_predicted(kept, rows[split.test])) | others)
            val.append(classified(y[split.val], *_predicted(kept, rows[split.val])))
            chosen.append(step)
        return ProbeScores(
            self.name, "adam", "accuracy", together(test), together(val), [], seed,
            chosen={"step": chosen},
        )  # fmt: skip

    def _train(
        self, rows: Tensor, y: IntArray, split: Split, seed: int
    ) -> tuple[int, nn.Linear, dict[str, float]]:
        """Return the step that is kept, from 1, its classifier, and the two other accuracies."""
        with global_stream(seed, "probe"):
            linear = nn.Linear(rows.size(1), int(y[split.train].max()) + 1).to(rows)
        optimizer = torch.optim.Adam(linear.parameters(), self._lr, weight_decay=self._weight_decay)
        x, held, unseen = (rows[part] for part in split)
        target, of_held, of_unseen = (torch.as_tensor(y[part]).to(rows.device) for part in split)
        best, best_test, step, weights = 0.0, 0.0, 0, linear.state_dict()
        for now in range(1, self._steps + 1):
            optimizer.zero_grad()
            with torch.enable_grad():
                cross_entropy(linear(x), target).backward()
            optimizer.step()
            with torch.no_grad():
                validated = _accuracy(linear(held), of_held)
                if validated >= best or now == self._steps:
                    tested = _accuracy(linear(unseen), of_unseen)
                if validated >= best:
                    best, best_test = validated, max(best_test, tested)
                if validated >= best or self._keep == "last":
                    step = now
                    weights = {key: value.clone() for key, value in linear.state_dict().items()}
        linear.load_state_dict(weights)
        return step, linear, {"last_accuracy": tested, "best_test_accuracy": best_test}


def _accuracy(logits: Tensor, y: Tensor) -> float:
    return float((logits.argmax(dim=1) == y).double().mean())


@torch.no_grad()
def _predicted(linear: nn.Linear, rows: Tensor) -> tuple[IntArray, FloatArray]:
    logits = linear(rows).numpy(force=True)
    return np.asarray(logits.argmax(axis=1)), logits

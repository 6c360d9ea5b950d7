"""Base class of probes that classify nodes, with given or random splits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal, get_args

from graphssl.checks import one_of
from graphssl.contracts import FloatArray, IntArray, NodeDataset, ProbeScores, Split
from graphssl.errors import ConfigError
from graphssl.probing.splits import (
    check_ratios,
    given_splits,
    random_splits,
    require_classes,
    require_one_label,
)

Masks = Literal["given", "random", "given_or_random"]


class NodeProbe(ABC):
    """A probe with training, validation and test nodes; subclasses define ``score``.

    Args:
        name: printed with every number.
        masks: ``given`` for the splits that come with the data; ``random`` for random ones, which
            are those of ``RandomSplits``; ``given_or_random`` for the former if there are any.
        num_splits: number of random splits.
        train_ratio: share of the training nodes of random splits.
        val_ratio: share of their validation nodes; the rest are test nodes.

    Raises:
        ConfigError: an argument is unknown or out of range.
    """

    has_validation: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        masks: Masks = "random",
        num_splits: int = 20,
        train_ratio: float = 0.1,
        val_ratio: float = 0.1,
    ) -> None:
        one_of("masks", masks, get_args(Masks))
        check_ratios(num_splits, train_ratio, val_ratio)
        if val_ratio <= 0:
            raise ConfigError(f"{name} needs validation nodes: val_ratio must be above 0")
        self.name, self._masks = name, masks
        self._random = (train_ratio, val_ratio, num_splits)

    def splits(self, dataset: NodeDataset, seed: int) -> list[Split]:
        """Return the splits of ``dataset``.

        Raises:
            DataError: the data has no masks, a part is empty, a class has no training node, or
                nodes have several labels.
        """
        require_one_label(dataset, self.name)
        has_masks = dataset.train_mask is not None and dataset.val_mask is not None
        if self._masks == "given" or (self._masks == "given_or_random" and has_masks):
            found = given_splits(dataset, self.name)
        else:
            found = random_splits(len(dataset.y), *self._random, seed)
        return require_classes(dataset, found)

    @abstractmethod
    def score(
        self, embeddings: FloatArray, y: IntArray, splits: Sequence[Split], seed: int
    ) -> ProbeScores:
        """Fit and test on each split; see ``ProbeProtocol``."""

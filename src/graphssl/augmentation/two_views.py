"""Two random views of one graph, each made by a sequence of augmentations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from graphssl.checks import number
from graphssl.contracts import Augmentation
from graphssl.errors import ConfigError
from graphssl.graph import GraphView


def at_strength(augmentation: Augmentation, strength: float, name: str) -> Augmentation:
    """Multiply the probability ``p``, or the ``scale``, of ``augmentation`` by ``strength``.

    Args:
        augmentation: a dataclass with a field ``p`` or ``scale``, or any callable if ``strength``
            is 1.
        strength: factor, at least 0.
        name: the augmentation's path in the configuration, for messages.

    Raises:
        ConfigError: ``augmentation`` is not callable or has neither field, or a probability becomes
            1 or more.
    """
    if not callable(augmentation):
        raise ConfigError(f"{name} must be an augmentation, got {augmentation!r}, not callable")
    if strength == 1:
        return augmentation
    fields = getattr(augmentation, "__dataclass_fields__", {})
    if "p" not in fields and "scale" not in fields:
        raise ConfigError(
            f"augmentation.strength={strength!r}: {name} ({type(augmentation).__name__}) "
            "is not a dataclass with a field p or scale to multiply"
        )
    dropping: Any = augmentation  # mypy cannot see that it is a dataclass with such a field
    if "p" not in fields:
        noisier: Augmentation = replace(dropping, scale=strength * dropping.scale)
        return noisier
    p = strength * dropping.p
    if not 0.0 <= p < 1.0:
        raise ConfigError(
            f"augmentation.strength={strength!r} times {name}.p={dropping.p!r} is a drop "
            "probability and must be in [0, 1)"
        )
    scaled: Augmentation = replace(dropping, p=p)
    return scaled


class TwoViews:
    """The two random views of a training step.

    Args:
        view1: named augmentations of the first view, applied in order; a dimension or edge is kept
            if all of them keep it. If empty, the view is not changed.
        view2: the same for the second view.
        strength: factor of every probability ``p`` and every ``scale``; a number, or one per view.

    Raises:
        ConfigError: a strength is negative, there are not two of them, or a probability times its
            strength is at least 1.

    Example:
        >>> from graphssl.augmentation import DropEdges, MaskFeatures
        >>> from graphssl.graph import Graph
        >>> view = Graph(torch.ones(3, 2), torch.tensor([[0, 1], [1, 2]])).view()
        >>> two_views = TwoViews({"edges": DropEdges(0.2)}, {"features": MaskFeatures(0.3)})
        >>> view1, view2 = two_views(view, torch.Generator().manual_seed(0))
        >>> view1.edge_mask is None, view2.edge_mask is None
        (False, True)
    """

    def __init__(
        self,
        view1: Mapping[str, Augmentation],
        view2: Mapping[str, Augmentation],
        strength: float | Sequence[float] = 1.0,
    ) -> None:
        each: list[Any] = [strength, strength]
        if isinstance(strength, list | tuple):
            each = [*strength]
        if len(each) != 2:
            raise ConfigError(
                "augmentation.strength must be a number or one per view, [1.0,0.5], got "
                f"{strength!r}"
            )
        for one in each:
            number("augmentation.strength", one, least=0)
        self.view1, self.view2 = (
            {name: at_strength(a, one, f"augmentation.{view}.{name}") for name, a in named.items()}
            for view, named, one in zip(("view1", "view2"), (view1, view2), each, strict=True)
        )

    def __call__(self, view: GraphView, generator: torch.Generator) -> tuple[GraphView, GraphView]:
        """Make both views of ``view``; the first one draws first."""
        return _compose(self.view1, view, generator), _compose(self.view2, view, generator)


def _compose(
    augmentations: Mapping[str, Augmentation], view: GraphView, generator: torch.Generator
) -> GraphView:
    for name, augment in augmentations.items():
        seen: object = augment(view, generator)
        if not isinstance(seen, GraphView):
            raise ConfigError(
                f"augmentation {name} ({type(augment).__name__}) must return a GraphView, "
                f"got {type(seen).__name__}"
            )
        view = seen
    return view

"""Two random views of one graph: the augmentations of each view, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from graphssl.contracts import Augmentation
from graphssl.errors import ConfigError
from graphssl.graph import GraphView


def at_strength(augmentation: Augmentation, strength: float, name: str) -> Augmentation:
    """``augmentation`` with its drop probability ``p`` multiplied by ``strength``.

    Args:
        augmentation: a dataclass with a field ``p``; any callable will do at strength 1.
        strength: factor, 0 or more.
        name: the augmentation's path in the configuration, for messages.

    Raises:
        ConfigError: not callable; nothing to multiply; a product of 1 or more.
    """
    if not callable(augmentation):
        raise ConfigError(f"{name}={augmentation!r}: not an augmentation, it cannot be called")
    if strength == 1:
        return augmentation
    if "p" not in getattr(augmentation, "__dataclass_fields__", {}):
        raise ConfigError(
            f"augmentation.strength={strength!r}: {name} ({type(augmentation).__name__}) "
            "is no dataclass with a field p to multiply"
        )
    dropping: Any = augmentation  # that it is a dataclass with a field p, mypy cannot see
    p = strength * dropping.p
    if not 0.0 <= p < 1.0:
        raise ConfigError(
            f"augmentation.strength={strength!r} times {name}.p={dropping.p!r}: "
            "a drop probability must lie in [0, 1)"
        )
    scaled: Augmentation = replace(dropping, p=p)
    return scaled


class TwoViews:
    """Makes the two views of a training step.

    Args:
        view1: named augmentations of the first view, applied in this order; a dimension or edge is
            kept if all of them keep it. Empty leaves the view untouched.
        view2: the same for the second view.
        strength: multiplies every drop probability ``p``.

    Raises:
        ConfigError: ``strength`` negative or bringing a probability to 1 or more.
    """

    def __init__(
        self,
        view1: Mapping[str, Augmentation],
        view2: Mapping[str, Augmentation],
        strength: float = 1.0,
    ) -> None:
        if not isinstance(strength, int | float) or not strength >= 0:
            raise ConfigError(f"augmentation.strength={strength!r}: must be a number >= 0")
        self.view1, self.view2 = (
            {
                name: at_strength(a, strength, f"augmentation.{view}.{name}")
                for name, a in named.items()
            }
            for view, named in (("view1", view1), ("view2", view2))
        )

    def __call__(self, view: GraphView, generator: torch.Generator) -> tuple[GraphView, GraphView]:
        """Both views of ``view``; the first draws first."""
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

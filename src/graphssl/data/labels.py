"""Labels of the nodes: one class per node, several, or none."""

from __future__ import annotations

import torch
from torch import Tensor

from graphssl.data.values import entry, whole_numbers
from graphssl.errors import DataError


def labels(name: str, y: Tensor | None, num_nodes: int) -> tuple[Tensor, int]:
    """Validate the labels of ``num_nodes`` nodes.

    Args:
        name: the dataset's name, used in errors.
        y: one class per node, (N,) or (N, 1), or several, (N, C) of 0 and 1; negative for a node
            without a label; None if no node has one.
        num_nodes: N.

    Returns:
        Labels in int64, (N,) or (N, C), where -1 marks a node without a label; and C, which is 0 if
        no node has a label.

    Raises:
        DataError: another shape, a label that is not a whole number, or fewer than two classes.

    Example:
        >>> labels("mine", torch.tensor([1, -1, 0]), 3)
        (tensor([ 1, -1,  0]), 2)
        >>> labels("mine", torch.tensor([[1, 1], [-1, -1], [0, 1]]), 3)[1]
        2
    """
    if y is None:
        return torch.full((num_nodes,), -1), 0
    if y.dim() == 2 and len(y) == num_nodes and y.size(1) > 1:
        return _several(name, y)
    y = y.squeeze(-1) if y.dim() == 2 else y
    if y.shape != (num_nodes,):
        raise DataError(
            f"{name}: y is {y.dtype} of shape {tuple(y.shape)}, not one class number for each of "
            f"the {num_nodes} nodes"
        )
    y = whole_numbers(name, "y", y).clamp(min=-1)
    classes = torch.unique(y[y >= 0])
    if len(classes) == 1:
        raise DataError(f"{name}: y has one class, {int(classes)}, not 0..C-1 with C > 1")
    if len(classes) and len(classes) != int(classes[-1]) + 1:
        raise DataError(
            f"{name}: y has the {len(classes)} classes {_short(classes)}, not 0..C-1 with C > 1"
        )
    return y, len(classes)


def _several(name: str, y: Tensor) -> tuple[Tensor, int]:
    """Convert ``y`` (N, C) of 0 and 1 to int64; a negative row becomes -1."""
    if bool(((y != 0).sum(1) == 1).all()):
        raise DataError(
            f"{name}: y has shape {tuple(y.shape)}, not one class per node; it is one-hot: save "
            "y.argmax(1)"
        )
    y = whole_numbers(name, "y", y).clamp(min=-1)
    known = (y >= 0).any(dim=1)
    if len(strange := ((y > 1) | ((y < 0) & known[:, None])).nonzero()):
        index = tuple(strange[0].tolist())
        raise DataError(
            f"{name}: {entry('y', index)} = {y[index]}: several labels per node are 0 and 1, or -1 "
            "in the whole row of a node without labels"
        )
    labelled = y[known]
    if len(labelled) and bool((labelled == labelled[0]).all()):
        raise DataError(f"{name}: y is {labelled[0].tolist()} for every node with labels")
    return y, y.size(1) if len(labelled) else 0


def _short(values: Tensor) -> str:
    listed = ", ".join(str(value) for value in values[:8].tolist())
    return listed + ("..." if len(values) > 8 else "")

"""Hard constraints on the weight matrices that a penalty would pull: the limit of its strength."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from torch import nn
from torch.nn.utils import parametrizations

from graphssl.checks import whole_number
from graphssl.encoders.layer_weights import Layers, layer_weights
from graphssl.errors import ConfigError


def orthogonal(network: nn.Module, layers: Layers = "all") -> None:
    """Keep the smaller Gram matrix of every weight at the identity, ``S = I``.

    Each weight W (out, in) becomes a function of an unconstrained matrix, with which the optimizer
    works (``torch.nn.utils.parametrizations.orthogonal``): a product of Householder reflections,
    or a matrix exponential if W is square. It starts at the Q of W's QR decomposition. This is the
    limit of ``WERank`` for a large alpha; its penalty is at its floor.

    Args:
        network: changed in place; its target networks are not constrained, as they follow by an
            average of the constrained weights.
        layers: ``"all"``, or the part of the network with which the layers' names start.

    Raises:
        ConfigError: there is no such weight, two layers share one, or the encoder standardises
            its weights.

    Example:
        >>> import torch
        >>> layer = nn.Linear(4, 3, bias=False)
        >>> orthogonal(layer)
        >>> torch.allclose(layer.weight @ layer.weight.T, torch.eye(3), atol=1e-6)
        True
    """
    _parametrize(network, layers, parametrizations.orthogonal)


def spectral(network: nn.Module, layers: Layers = "all", iterations: int = 1) -> None:
    """Divide every weight by its largest singular value (Miyato et al., arXiv 1802.05957).

    This is the upper half of orthonormality: no singular value is above 1, but small ones stay
    small. The singular value is estimated by power iteration
    (``torch.nn.utils.parametrizations.spectral_norm``) from the vectors of the previous step.

    Args:
        network: changed in place; its target networks are not constrained.
        layers: ``"all"``, or the part of the network with which the layers' names start.
        iterations: power iterations per step.

    Raises:
        ConfigError: as ``orthogonal``, or ``iterations`` is below 1.

    Example:
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> layer = nn.Linear(4, 3)
        >>> spectral(layer)
        >>> round(torch.linalg.matrix_norm(layer.eval().weight, 2).item(), 3)
        1.0
    """
    whole_number("parametrization.iterations", iterations, least=1)

    def register(module: nn.Module, name: str) -> nn.Module:
        return parametrizations.spectral_norm(module, name, n_power_iterations=iterations)

    _parametrize(network, layers, register)


def _parametrize(
    network: nn.Module, layers: Layers, register: Callable[[nn.Module, str], nn.Module]
) -> None:
    if any(getattr(part, "weight_standardization", False) for part in network.modules()):
        raise ConfigError(
            "parametrization: encoder.weight_standardization=true changes the weights after it; "
            "set one of them aside: encoder.weight_standardization=false or parametrization=none"
        )
    taken = layer_weights(network, trainable=True).of_part(layers)
    # A matrix stored as (in, out) is found as its transpose, a view of the parameter.
    names = {id(w if w._base is None else w._base): name for name, w in taken.items()}
    owners = [
        (module, key, names[id(parameter)])
        for module in network.modules()
        for key, parameter in module.named_parameters(recurse=False)
        if id(parameter) in names
    ]
    if len(owners) > len(names):
        several = [name for *_, name in owners]
        shared = next(name for name in several if several.count(name) > 1)
        raise ConfigError(
            f"parametrization: several layers share the weight {shared}, which can be constrained "
            "in one place only; set parametrization=none"
        )
    for module, key, _ in owners:
        register(module, key)
        _use_plain_methods(module)


def _use_plain_methods(module: nn.Module) -> None:
    """Copy and save ``module`` as torch does; PyG's ``Linear`` does it by its own weight."""
    kind: Any = type(module)  # the subclass that torch has made for this one module
    kind.__deepcopy__ = _deepcopy
    kind._save_to_state_dict = nn.Module._save_to_state_dict
    kind._load_from_state_dict = nn.Module._load_from_state_dict


def _deepcopy(module: nn.Module, memo: dict[int, Any]) -> nn.Module:
    twin: nn.Module = module.__new__(type(module))
    memo[id(module)] = twin
    twin.__dict__ = copy.deepcopy(module.__dict__, memo)
    return twin

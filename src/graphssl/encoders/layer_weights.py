"""The weight matrices of any network, each once and as (out, in)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch.nn.utils import parametrize
from torch.optim.swa_utils import AveragedModel

from graphssl.checks import one_of
from graphssl.errors import ConfigError

# The networks whose layers a penalty or a parametrization may be limited to.
Layers = Literal["all", "encoder", "projector", "predictor"]

# The 2-D parameters of these are tables or scales, not linear maps.
_NOT_LINEAR = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.RMSNorm)

# Names that torch's wrappers add to a path: always (torch.compile, FSDP, activation checkpoints),
# or as the only child of these classes.
_WRAPPED = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
_WRAPPERS = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)


class LayerWeights(dict[str, Tensor]):
    """Layer name -> matrix (out, in), some of which concatenate several attention heads.

    Attributes:
        heads: name -> H where H > 1: the matrix is (H * out_per_head, in).

    Example:
        >>> import torch
        >>> list(LayerWeights({"lin": torch.ones(6, 2)}, heads={"lin": 2}).per_head())
        ['lin.heads.0', 'lin.heads.1']
    """

    def __init__(self, weights: Mapping[str, Tensor], heads: Mapping[str, int] | None = None):
        super().__init__(weights)
        self.heads = dict(heads or {})

    def of_part(self, layers: Layers) -> LayerWeights:
        """Return the matrices of one part of the network, or all of them.

        Raises:
            ConfigError: there is none, or ``layers`` names no part.
        """
        one_of("layers", layers, get_args(Layers))
        part = {
            k: w for k, w in self.items() if layers == "all" or f"{k}.".startswith(f"{layers}.")
        }
        if not part:
            others = f"; layers found: {', '.join(self)}" if self else ""
            raise ConfigError(f"layers={layers!r}: no weight matrix there{others}")
        return LayerWeights(part, self.heads)

    def per_head(self) -> LayerWeights:
        """Split matrices into one (out_per_head, in) per head, named ``<name>.heads.<h>``."""
        split: dict[str, Tensor] = {}
        for name, weight in self.items():
            if name not in self.heads:
                split[name] = weight
                continue
            for h, head in enumerate(weight.chunk(self.heads[name])):
                split[f"{name}.heads.{h}"] = head
        return LayerWeights(split)


def layer_weights(
    source: nn.Module | Mapping[str, Tensor] | Iterable[Tensor], trainable: bool = False
) -> LayerWeights:
    """Find the weight matrices of a network, or use those of an explicit list.

    For a module these are the 2-D parameters (for a parametrized layer, the result of the
    parametrization), as PyG and torch store them: (out, in). Vectors (a side of 1), biases,
    attention vectors (``att*``), embeddings and norms are left out. A matrix stored as (in, out) is
    transposed if the layer has attributes for its in and out sizes; without them it is assumed to
    be (out, in). Stacks with three or more dimensions (``RGCNConv``'s relations) are not found:
    list their slices. The tensors are the parameters or views of them, so that one call suffices
    for a whole training run, unless a layer is parametrized.

    Args:
        source: a network, or its matrices (out, in), by name or in order (``"0"``, ``"1"``, ...).
        trainable: whether to leave out matrices that require no gradient, such as a target's.

    Returns:
        Name -> matrix. The name is the parameter's path without ``.weight``, so that it starts with
        the part of the network: ``encoder.convs.0.lin``, also where the network or a part of it is
        wrapped (``torch.compile``, data-parallel). A shared matrix appears once, under its first
        name.

    Raises:
        ConfigError: a listed tensor is not a matrix, or a lazy layer has no shape yet.

    Example:
        >>> from torch_geometric.nn import GCN
        >>> weights = layer_weights(GCN(5, hidden_channels=8, num_layers=2, out_channels=4))
        >>> {name: tuple(weight.shape) for name, weight in weights.items()}
        {'convs.0.lin': (8, 5), 'convs.1.lin': (4, 8)}
    """
    weights: dict[str, Tensor] = {}
    heads: dict[str, int] = {}
    candidates = _of_module(source) if isinstance(source, nn.Module) else _of_list(source)
    seen: set[int] = set()
    for name, parameter, weight, num_heads in candidates:
        if id(parameter) in seen or (trainable and not parameter.requires_grad):
            continue
        seen.add(id(parameter))
        weights[name] = weight
        if num_heads > 1:
            heads[name] = num_heads
    return LayerWeights(weights, heads)


_Candidate = tuple[str, Tensor, Tensor, int]  # name, parameter (its identity), matrix, heads


def _of_list(source: Mapping[str, Tensor] | Iterable[Tensor]) -> Iterator[_Candidate]:
    named = source.items() if isinstance(source, Mapping) else enumerate(source)
    heads = source.heads if isinstance(source, LayerWeights) else {}
    for key, weight in named:
        name = str(key)
        if weight.dim() != 2:
            raise ConfigError(f"weight {name!r} must be a matrix, got shape {tuple(weight.shape)}")
        yield name, weight, weight, heads.get(name, 1)


def _of_module(root: nn.Module) -> Iterator[_Candidate]:
    parents = {id(child): module for module in root.modules() for child in module.children()}
    names: set[str] = set()
    for path, module in root.named_modules():
        if isinstance(module, (*_NOT_LINEAR, parametrize.ParametrizationList)):
            continue
        for key, parameter, weight in _own_tensors(module):
            full = ".".join(part for part in (path, key) if part).removesuffix(".weight")
            name = ".".join((*_unwrapped(root, path), key)).removesuffix(".weight")
            name = full if name in names else name
            names.add(name)
            if isinstance(parameter, UninitializedParameter):
                raise ConfigError(f"weight {name!r} has no shape yet: run one forward pass first")
            if weight.dim() == 2 and min(weight.shape) > 1 and not _is_vector_name(key):
                num_heads = _num_heads(parents.get(id(module)), weight)
                yield name, parameter, _as_out_in(module, weight), num_heads


def _unwrapped(root: nn.Module, path: str) -> Iterator[str]:
    """Yield the parts of a module's ``path``, without those that a wrapper adds."""
    module: Any = root
    for part in path.split(".") if path else ():
        if part not in _WRAPPED and not (part == "module" and isinstance(module, _WRAPPERS)):
            yield part
        module = module.get_submodule(part)


def _own_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor, Tensor]]:
    for key, parameter in module.named_parameters(recurse=False):
        yield key, parameter, parameter
    if parametrize.is_parametrized(module):
        parametrizations: Any = module.parametrizations
        for key, makers in parametrizations.items():
            yield key, next(makers.parameters(recurse=False)), getattr(module, key)


def _is_vector_name(key: str) -> bool:
    return key.startswith("att") or "bias" in key


def _as_out_in(module: nn.Module, weight: Tensor) -> Tensor:
    for kind in ("features", "channels"):
        sizes = (getattr(module, f"in_{kind}", None), getattr(module, f"out_{kind}", None))
        if tuple(weight.shape) == sizes and sizes[0] != sizes[1]:
            return weight.T
    return weight


def _num_heads(parent: nn.Module | None, weight: Tensor) -> int:
    heads = getattr(parent, "heads", 1)
    side_by_side = isinstance(heads, int) and weight.size(0) == heads * getattr(
        parent, "out_channels", 0
    )
    return heads if side_by_side else 1

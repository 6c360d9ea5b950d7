"""VICReg's terms under autocast: in float32 for every encoder."""

from __future__ import annotations

import pytest
import torch

from graphssl.cli import compose
from graphssl.config import build
from graphssl.contracts import StepOutput
from graphssl.encoders.encoding import encode
from graphssl.regularizers.variance_covariance import VarianceCovariance

NAMES = ["gcn", "gat", "sage", "gin", "mlp"]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_both_terms_are_those_of_float32(name, inside, graph):
    config, *_ = compose([f"encoder={name}", "recipe.channels=[16,8]"])
    torch.manual_seed(0)
    encoder = build.encoder(config, graph.num_features)
    penalty = VarianceCovariance()
    with torch.autocast("cpu", torch.bfloat16):
        z = encode(encoder, graph.view())
        found = penalty({}, StepOutput(z.sum(), (z, z))) if inside else None
    found = found or penalty({}, StepOutput(z.sum(), (z, z)))
    exact = penalty({}, StepOutput(z.sum(), (z.double(), z.double())))
    assert found.total.dtype == torch.float32
    assert found.total.item() == pytest.approx(exact.total.item(), rel=1e-6)
    for term, value in found.per_layer.items():
        assert value.item() == pytest.approx(exact.per_layer[term].item(), rel=1e-6)

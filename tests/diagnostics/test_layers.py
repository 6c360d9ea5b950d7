"""Every layer of every objective's encoder is recorded on the graph itself."""

import pytest
import torch
from tests.objectives.test_objective_contract import NAMES, made

from graphssl.diagnostics.collapse import collapse_diagnostics
from graphssl.diagnostics.layers import encoder_outputs, layer_outputs
from graphssl.encoders.encoding import encode


@pytest.mark.parametrize("name", NAMES)
def test_layers_of_the_encoder_are_those_of_the_graph(name, graph):
    """Not those of what an objective encodes last, such as DGI's corrupted graph."""
    objective = made(name, graph).eval()
    view = graph.view()
    output, found = layer_outputs(objective, view)
    expected = encode(objective.encoder, view)
    torch.testing.assert_close(output.representations[0], expected, rtol=1e-5, atol=1e-6)
    layers = [key for key in found if key.startswith("encoder.")]
    assert layers == list(encoder_outputs(objective.encoder, view))
    if name != "raw":  # the identity has no layers
        torch.testing.assert_close(found[layers[-1]], expected, rtol=0, atol=0)
        values = collapse_diagnostics(objective, view).values
        for layer in layers:
            assert f"{layer}/effective_rank_centred" in values
            assert f"{layer}/dirichlet_energy" in values

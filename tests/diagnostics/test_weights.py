"""Spectra of weights alone, multiplied, and their alignment, in the paper's orientation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from graphssl.diagnostics.spectrum import singular_values
from graphssl.diagnostics.weights import (
    adjacent_alignment,
    chains,
    distance_to_orthonormal,
    product_spectrum,
)
from graphssl.regularizers.gram import gram_penalty


def random(rows: int, cols: int, seed: int = 0) -> Tensor:
    return torch.randn(
        rows, cols, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


@pytest.mark.parametrize("shape", [(4, 7), (7, 4)])
def test_distance_to_orthonormal_is_the_penalty_on_the_smaller_side(shape):
    weight = random(*shape)
    expected = gram_penalty(weight, gram="smaller").item()
    assert distance_to_orthonormal(singular_values(weight)) == pytest.approx(expected, rel=1e-9)
    q = torch.linalg.qr(random(7, 4)).Q
    assert distance_to_orthonormal(singular_values(q)) < 1e-12


def test_product_spectrum_against_numpy():
    weights = [random(6, 9, 1), random(5, 6, 2), random(8, 5, 3)]
    W1, W2, W3 = (weight.numpy().T for weight in weights)  # the paper's: X W1 W2 W3
    expected = np.linalg.svd(W1 @ W2 @ W3, compute_uv=False)[:5]
    np.testing.assert_allclose(product_spectrum(weights), expected, rtol=1e-6)


def test_alignment_is_that_of_the_papers_v_and_u():
    first, second = random(6, 9, 1), random(8, 6, 2)
    _, _, Vt = np.linalg.svd(first.numpy().T, full_matrices=False)
    U, _, _ = np.linalg.svd(second.numpy().T, full_matrices=False)
    np.testing.assert_allclose(adjacent_alignment(first, second), (Vt @ U) ** 2, atol=1e-9)


def test_alignment_of_layers_made_to_meet():
    shared = torch.linalg.qr(random(6, 6)).Q
    s = torch.diag(torch.tensor([5.0, 4.0, 3.0, 2.0, 1.0, 0.5], dtype=torch.float64))
    first = shared @ s @ torch.linalg.qr(random(9, 6, 1)).Q.T  # puts out along `shared`
    second = torch.linalg.qr(random(8, 6, 2)).Q @ s @ shared.T  # takes in along `shared`
    np.testing.assert_allclose(adjacent_alignment(first, second), np.eye(6), atol=1e-9)
    # and then the spectra multiply
    np.testing.assert_allclose(
        product_spectrum([first, second]), s.diagonal().numpy() ** 2, rtol=1e-9
    )


def test_alignment_where_a_layer_lacks_rank_has_its_shape():
    assert adjacent_alignment(random(6, 4), random(3, 6)).shape == (4, 3)


def test_chains_by_name_and_shape():
    weights = {
        "encoder.convs.0.lin_l": torch.ones(4, 9),
        "encoder.convs.0.lin_r": torch.ones(4, 9),
        "encoder.convs.1.lin_l": torch.ones(3, 4),
        "encoder.convs.1.lin_r": torch.ones(3, 4),
        "predictor.0": torch.ones(5, 3),
        "predictor.2": torch.ones(3, 7),  # does not take what predictor.0 gives
        "projector": torch.ones(3, 3),
    }
    assert chains(weights) == {
        f"encoder.convs.*.lin_{side}": [f"encoder.convs.{i}.lin_{side}" for i in (0, 1)]
        for side in "lr"
    }

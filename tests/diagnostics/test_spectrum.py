"""The Gram route to the spectrum against the SVD."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from graphssl.diagnostics import spectrum
from graphssl.diagnostics.spectrum import singular_spectra, singular_values
from graphssl.errors import TrainingError


def matrix(rows: int, cols: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    decay = torch.logspace(0, -5, cols, dtype=torch.float64)
    return torch.randn(rows, cols, generator=generator, dtype=torch.float64) * decay + 0.3


@pytest.mark.parametrize("shape", [(60, 12), (12, 60), (12, 12), (5, 1), (1, 5)])
def test_both_spectra_are_the_svds(shape):
    z = matrix(*shape)
    centred, uncentred = singular_spectra(z)
    svd = np.linalg.svd(z.numpy(), compute_uv=False)
    svd_centred = np.linalg.svd(z.numpy() - z.numpy().mean(axis=0), compute_uv=False)
    # an error of eps in the squared spectrum is one of eps * s_1^2 / s in the spectrum
    np.testing.assert_allclose(uncentred, svd, atol=1e-7 * svd[0])
    np.testing.assert_allclose(centred, svd_centred, atol=1e-7 * svd[0])
    large = svd > 1e-3 * svd[0]
    np.testing.assert_allclose(uncentred[large], svd[large], rtol=1e-9)
    np.testing.assert_allclose(singular_values(z), svd, atol=1e-7 * svd[0])


def test_rows_taken_in_pieces_give_the_same(monkeypatch):
    z = matrix(60, 12)
    whole = singular_spectra(z)
    monkeypatch.setattr(spectrum, "_ROWS", 7)
    for a, b in zip(singular_spectra(z), whole, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_what_cannot_be_resolved_is_zero_and_what_can_is_kept():
    q = torch.linalg.qr(matrix(80, 4)).Q
    s = singular_values(q * torch.tensor([1.0, 1e-3, 1e-6, 1e-10], dtype=torch.float64))
    np.testing.assert_allclose(s[:3], [1.0, 1e-3, 1e-6], rtol=1e-3)
    assert s[3] == 0.0


def test_float32_input_keeps_values_that_a_float32_gram_matrix_would_lose():
    q = torch.linalg.qr(matrix(500, 3)).Q
    z = (q * torch.tensor([1.0, 0.5, 1e-5])).float()
    assert singular_values(z)[2] == pytest.approx(1e-5, rel=1e-2)


def test_a_large_mean_does_not_swallow_the_centred_spectrum():
    z = matrix(200, 6)
    svd = np.linalg.svd(z.numpy() - z.numpy().mean(axis=0), compute_uv=False)
    centred = singular_spectra(z + 100.0).centred
    np.testing.assert_allclose(centred[:4], svd[:4], rtol=1e-6)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite(value):
    z = matrix(9, 3)
    z[2, 1] = value
    with pytest.raises(TrainingError, match="NaN or infinite"):
        singular_spectra(z)


@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**-500, 2.0**-130, 2.0**130, 2.0**500, 2.0**1000])
def test_singular_values_scale_with_their_matrix(scale):
    """A product of many layers is as small as that."""
    z = matrix(30, 6)
    np.testing.assert_array_equal(singular_values(scale * z) / scale, singular_values(z))

"""The Gram penalties against NumPy, their closed forms and their invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from graphssl.regularizers.gram import (
    double_soft_floor,
    double_soft_penalty,
    gram_floor,
    gram_penalty,
)

SHAPES = [(4, 7), (7, 4), (5, 5), (1, 3)]
NORMS = ["frobenius", "frobenius_squared"]
GRAMS = ["output", "input", "smaller"]


def random(shape: tuple[int, int], seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def orthonormal(rows: int, cols: int, seed: int = 0) -> Tensor:
    """(rows, cols) with the shorter side orthonormal."""
    q = torch.linalg.qr(random((max(rows, cols), min(rows, cols)), seed)).Q
    return q if rows >= cols else q.T


def twin(weight: Tensor, norm: str, gram: str) -> float:
    """The paper's formula on the paper's W (in x out), each Gram matrix formed as asked for."""
    W = weight.numpy().T
    output = W.T @ W
    inner = W @ W.T
    smaller = output if len(output) <= len(inner) else inner
    G = {"output": output, "input": inner, "smaller": smaller}[gram]
    distance = float(np.linalg.norm(G - np.eye(len(G)), "fro"))
    return distance if norm == "frobenius" else distance**2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("gram", GRAMS)
def test_twin_and_gradcheck(shape, norm, gram):
    weight = random(shape)
    assert gram_penalty(weight, norm, gram).item() == pytest.approx(
        twin(weight, norm, gram), rel=1e-12
    )
    assert torch.autograd.gradcheck(
        lambda w: gram_penalty(w, norm, gram), weight.requires_grad_(), atol=1e-7
    )


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("gram", GRAMS)
def test_closed_form_gradient_is_autograds(norm, gram):
    weight = random((9, 5)).requires_grad_()
    (ours,) = torch.autograd.grad(gram_penalty(weight, norm, gram), weight)
    G = weight @ weight.T if gram == "output" else weight.T @ weight
    distance = torch.linalg.matrix_norm(G - torch.eye(len(G), dtype=G.dtype))
    (autograd,) = torch.autograd.grad(distance if norm == "frobenius" else distance**2, weight)
    torch.testing.assert_close(ours, autograd, rtol=1e-12, atol=1e-12)


def test_zero_at_orthonormal_columns_of_w():
    weight = orthonormal(512, 1433)  # W = weight.T has orthonormal columns
    assert gram_penalty(weight).item() <= 1e-12
    assert gram_floor(weight) == 0.0


def test_the_floor_at_orthonormal_rows_of_w():
    weight = orthonormal(512, 128)
    floor = math.sqrt(512 - 128)
    assert gram_floor(weight) == floor
    assert gram_penalty(weight).item() == floor
    assert gram_penalty(weight, "frobenius_squared").item() == pytest.approx(384.0, abs=1e-12)
    assert gram_floor(weight, "frobenius_squared") == 384.0
    assert gram_penalty(weight, gram="smaller").item() <= 1e-12
    assert gram_floor(weight, gram="smaller") == gram_floor(weight, gram="input") == 0.0
    assert gram_floor(weight.T, gram="input") == floor


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("weight", [torch.eye(3, 5), torch.eye(5, 3), torch.zeros(3, 4)])
def test_gradient_is_zero_at_exact_orthogonality_and_at_zero(weight, norm):
    weight = weight.clone().requires_grad_()
    gram_penalty(weight, norm).backward()
    assert torch.equal(weight.grad, torch.zeros_like(weight))


@settings(max_examples=30, deadline=None)
@given(out=st.integers(1, 12), inn=st.integers(1, 12), seed=st.integers(0, 2**16))
def test_rotation_floor_and_gram_relation(out, inn, seed):
    weight = random((out, inn), seed)
    left, right = orthonormal(out, out, seed + 1), orthonormal(inn, inn, seed + 2)
    rotated = left @ weight @ right
    for norm in NORMS:
        for gram in GRAMS:
            value = gram_penalty(weight, norm, gram)
            torch.testing.assert_close(gram_penalty(rotated, norm, gram), value)
            assert value.item() >= gram_floor(weight, norm, gram)
    output, inner = (gram_penalty(weight, "frobenius_squared", g) for g in ("output", "input"))
    torch.testing.assert_close(output - inner, torch.tensor(float(out - inn)).double())


@pytest.mark.parametrize("shape", SHAPES)
def test_double_soft(shape):
    weight = random(shape)
    expected = sum(twin(weight, "frobenius_squared", g) for g in ("output", "input"))
    assert double_soft_penalty(weight).item() == pytest.approx(expected, rel=1e-12)
    at_best = double_soft_penalty(orthonormal(*shape)).item()
    assert at_best == pytest.approx(double_soft_floor(weight), abs=1e-12)


def test_autocast_does_not_lower_its_precision():
    weight = random((16, 40)).float() / 40**0.5
    with torch.autocast("cpu", torch.bfloat16):
        inside = gram_penalty(weight)
    assert torch.equal(inside, gram_penalty(weight))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("shape", [(3, 4), (4, 3)])
def test_second_derivatives(shape, norm):
    weight = random(shape).requires_grad_()
    assert torch.autograd.gradgradcheck(lambda w: gram_penalty(w, norm), weight)

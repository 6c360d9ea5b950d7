"""Iterative whitening against NumPy, and as a layer."""

import numpy as np
import pytest
import torch

from graphssl.diagnostics.start import fill_statistics
from graphssl.encoders.whitening import IterativeWhitening, inverse_root
from graphssl.errors import ConfigError


def rows(width=6, number=40):
    rng = np.random.default_rng(0)
    return rng.normal(size=(number, width)) @ rng.normal(size=(width, width)) + 2.0


def twin(x, groups, iterations, eps):
    """Column group by column group, in the algorithm's words."""
    parts = []
    for part in np.split(x, groups, axis=1):
        centred = part - part.mean(0)
        sigma = centred.T @ centred / len(part) + eps * np.eye(part.shape[1])
        scaled, p = sigma / np.trace(sigma), np.eye(part.shape[1])
        for _ in range(iterations):
            p = (3 * p - np.linalg.matrix_power(p, 3) @ scaled) / 2
        parts.append(centred @ (p / np.sqrt(np.trace(sigma))))
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("iterations", [1, 5])
def test_values_and_gradient_are_the_formulas(groups, iterations):
    x = torch.tensor(rows(), requires_grad=True)
    layer = IterativeWhitening(6, groups, iterations, eps=1e-3).double()
    np.testing.assert_allclose(
        layer(x).detach().numpy(), twin(rows(), groups, iterations, 1e-3), rtol=1e-9, atol=1e-12
    )
    weights = torch.tensor(np.random.default_rng(1).normal(size=(40, 6)))
    (layer(x) * weights).sum().backward()
    step, expected = 1e-5, np.empty((3, 6))
    for entry in np.ndindex(3, 6):
        sides = []
        for sign in (1, -1):
            moved = rows()
            moved[entry] += sign * step
            sides.append((twin(moved, groups, iterations, 1e-3) * weights.numpy()).sum())
        expected[entry] = (sides[0] - sides[1]) / (2 * step)
    np.testing.assert_allclose(x.grad[:3].numpy(), expected, rtol=1e-5, atol=1e-8)


def test_many_iterations_whiten_each_group_and_no_more():
    z = IterativeWhitening(6, groups=2, iterations=60, eps=1e-9).double()(torch.tensor(rows()))
    covariance = (z.T @ z / len(z)).detach()
    for block in (covariance[:3, :3], covariance[3:, 3:]):
        torch.testing.assert_close(block, torch.eye(3, dtype=torch.float64), rtol=0, atol=1e-6)
    assert covariance[:3, 3:].abs().max() > 1e-3
    torch.testing.assert_close(z.mean(0), torch.zeros(6, dtype=torch.float64), rtol=0, atol=1e-9)


def test_a_rotation_of_the_input_rotates_the_output():
    x = torch.tensor(rows())
    rotation = torch.linalg.qr(torch.tensor(np.random.default_rng(2).normal(size=(6, 6))))[0]
    layer = IterativeWhitening(6).double()
    torch.testing.assert_close(layer(x @ rotation), layer(x) @ rotation)


def test_newtons_iteration_reaches_the_inverse_root():
    x = rows()
    covariance = x.T @ x / len(x)
    values, vectors = np.linalg.eigh(covariance)
    expected = vectors @ np.diag(values**-0.5) @ vectors.T
    found = inverse_root(torch.tensor(covariance), iterations=60)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-9)


def test_running_statistics_are_those_of_batches_and_serve_evaluation():
    x = torch.tensor(rows())
    layer = IterativeWhitening(6, groups=2, momentum=0.25).double()
    trained = layer(x)
    centred = x - x.mean(0)
    torch.testing.assert_close(layer.running_mean, 0.25 * x.mean(0))
    block = centred[:, 3:].T @ centred[:, 3:] / len(x)
    torch.testing.assert_close(
        layer.running_covariance[1], 0.75 * torch.eye(3).double() + 0.25 * block
    )
    assert not torch.allclose(layer.eval()(x), trained)
    layer = IterativeWhitening(6, groups=2, momentum=1.0).double()
    torch.testing.assert_close(layer(x), layer.eval()(x))
    layer.reset_parameters()
    assert torch.equal(layer.running_var, torch.ones(6).double())
    assert not layer.running_mean.any()


def test_a_layer_that_has_seen_no_batch_is_given_the_graphs_statistics(graph):
    from graphssl.config import build
    from graphssl.config.compose import compose

    config, *_ = compose(["norm=iterative_whitening", "recipe.channels=[8]"])
    objective = build.objective(config, graph.num_features)
    fill_statistics(objective, graph.view())
    (norm,) = objective.encoder.norms
    assert norm.running_mean.any()
    assert (norm.running_var != 1).all()
    assert norm.momentum == 0.99


def test_under_autocast_it_computes_in_float32():
    x = torch.tensor(rows()).float()
    layer = IterativeWhitening(6)
    expected = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(x), expected)
        assert layer(x.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"groups": 4}, "norm.groups=4 does not divide a layer's width, 6"),
        ({"groups": 0}, "norm.groups must be a whole number, 1 or more, got 0"),
        ({"iterations": 0}, "norm.iterations must be"),
        ({"momentum": 0.0}, "norm.momentum must be"),
        ({"eps": -1.0}, "norm.eps must be"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message):
    with pytest.raises(ConfigError, match=message):
        IterativeWhitening(6, **arguments)

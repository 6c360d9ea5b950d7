"""Values and gradients of a loss against a twin written in NumPy."""

import numpy as np
import torch


def central_difference(function, arrays, step=1e-5):
    """The gradient of a scalar ``function`` of float64 ``arrays``, entry by entry."""
    gradients = []
    for array in arrays:
        gradient = np.empty_like(array)
        for entry in np.ndindex(array.shape):
            kept = array[entry]
            array[entry] = kept + step
            above = function(*arrays)
            array[entry] = kept - step
            below = function(*arrays)
            array[entry] = kept
            gradient[entry] = (above - below) / (2 * step)
        gradients.append(gradient)
    return gradients


def assert_twins(loss, twin, *arrays):
    """``loss`` of tensors has the value of ``twin`` of arrays, and its gradient."""
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    value = loss(*tensors)
    assert value.dtype == torch.float64
    assert value.ndim == 0
    np.testing.assert_allclose(value.item(), twin(*arrays), rtol=1e-9)
    value.backward()
    for tensor, expected in zip(tensors, central_difference(twin, list(arrays)), strict=True):
        np.testing.assert_allclose(tensor.grad.numpy(), expected, rtol=1e-5, atol=1e-8)

import pytest
import torch

from graphssl.encoders.prelu import PReLU


@pytest.mark.parametrize("slope", [0.25, 0.0, -0.5, 1.5])
def test_equal_to_torch_in_value_and_gradient(slope):
    x = torch.randn(50, 7, dtype=torch.float64, requires_grad=True)
    with torch.no_grad():
        x[0] = 0.0
    grad = torch.randn(50, 7, dtype=torch.float64)
    ours, torchs = PReLU(slope).double(), torch.nn.PReLU(init=slope).double()
    found, expected = (
        (out := module(x), *torch.autograd.grad(out, [x, module.weight], grad))
        for module in (ours, torchs)
    )
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def test_reset_parameters_restores_the_initial_slope():
    module = PReLU(0.1)
    with torch.no_grad():
        module.weight.fill_(3.0)
    module.reset_parameters()
    assert module.weight.item() == pytest.approx(0.1)

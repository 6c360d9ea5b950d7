import copy

import pytest
import torch
from torch import nn

from graphssl.training.fused import FUSED, fuse


@pytest.mark.parametrize("kind", FUSED)
def test_a_fused_optimizer_moves_weights_as_torchs_own(kind):
    model = nn.Linear(4, 3).double()
    twin = copy.deepcopy(model)
    optimizers = [kind(m.parameters(), lr=0.1, weight_decay=0.01) for m in (model, twin)]
    fuse(optimizers[0], torch.device("cpu"))
    for _ in range(5):
        for m, optimizer in zip((model, twin), optimizers, strict=True):
            optimizer.zero_grad()
            m(torch.ones(1, 4, dtype=torch.float64)).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(model.state_dict(), twin.state_dict(), rtol=1e-12, atol=1e-12)


def test_another_optimizer_stays_as_it_is():
    optimizer = torch.optim.RMSprop(nn.Linear(2, 2).parameters(), lr=0.1)
    before = copy.deepcopy(optimizer.state_dict())
    fuse(optimizer, torch.device("cpu"))
    assert optimizer.state_dict() == before

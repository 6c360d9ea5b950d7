"""Starting points along C."""

import pytest
import torch

from graphssl.probing.solvers import path
from graphssl.probing.solvers.logistic import LogisticObjective


@pytest.mark.parametrize("C", [[0.25, 0.5, 1, 2, 4], [0.01, 0.3, 1, 50, 51]])
def test_a_start_continues_a_parabola_over_the_logarithm(C, monkeypatch):
    """On a minimizer that is a parabola over log C, the fourth and later starts are minimizers."""
    x = torch.zeros(1, 1, 2, dtype=torch.float64)
    problem = LogisticObjective(x, x, 1.0, x[0], x[0, 0], x[0, 0, :1], one_vs_rest=False)
    starts = []

    def minimizer(problem, start, tolerance):
        starts.append(start)
        t = torch.tensor(problem.C, dtype=torch.float64).log()
        return torch.stack([t**2 - 3, 2 - t]).expand_as(start)

    monkeypatch.setattr(path, "minimize", minimizer)
    found = path.minimize_along(problem, C, torch.zeros(1, 4, 2, dtype=torch.float64), 1e-5)
    assert found.shape == (1, 5, 4, 2)
    torch.testing.assert_close(starts[3], found[:, 3])
    torch.testing.assert_close(starts[4], found[:, 4])
    torch.testing.assert_close(starts[1], found[:, 0])
    assert not torch.allclose(starts[2], found[:, 2])

from functools import partial

import pytest
import torch
from small_bgrl import bgrl

from graphssl.augmentation.drop_edges import DropEdges
from graphssl.augmentation.mask_features import MaskFeatures
from graphssl.augmentation.two_views import TwoViews
from graphssl.regularizers.werank import WERank
from graphssl.seeding import generator
from graphssl.training.loop import TrainingState, train
from graphssl.training.settings import TrainerSettings

ADAMW = partial(torch.optim.AdamW, lr=1e-2)


@pytest.fixture
def training(graph):
    """Trains a small BGRL + WERank and returns its losses; what it takes can be replaced."""

    def run(
        steps=10,
        make=bgrl,
        optimizer=ADAMW,
        regularizer=None,
        device="cpu",
        augmentation=None,
        prepare=lambda state: None,
        observers=(),
        on=graph,
        **settings,
    ):
        on = on.to(device)
        torch.manual_seed(0)
        objective = make(on.num_features).to(device)
        made = optimizer(objective.trainable_parameters())
        for group in made.param_groups:
            group["initial_lr"] = group["lr"]
        state = TrainingState(objective, made, generator(0, "augmentation", device))
        prepare(state)
        views = [{"features": MaskFeatures(0.2), "edges": DropEdges(p)} for p in (0.3, 0.1)]
        losses = []

        def note(report):
            losses.append(report.loss)

        train(
            state,
            on,
            augmentation or TwoViews(*views),
            regularizer or WERank(alpha=0.1),
            TrainerSettings(steps=steps, **settings),
            [*observers, note],
        )
        return torch.stack(losses).tolist()

    return run

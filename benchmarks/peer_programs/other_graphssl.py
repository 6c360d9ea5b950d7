"""BGRL with the other ``graphssl`` on the package index (0.2.0, by Simone Copetti)."""

import torch
from graphssl.models import BGRL
from torch_geometric.data import Data


def prepare(x, edge_index, job):
    width, *others = job["channels"]
    config = {
        "encoder": {
            "name": "gcn",
            "hidden_dim": width,
            "num_layers": 1 + len(others),
            "norm_type": "batch",
            "pool": False,
        },
        "augment": [
            {"name": "edge_drop", "p": job["drop_edge"][0]},
            {"name": "feat_mask", "p": job["drop_feature"][0]},
        ],
        "pred_hidden": job["predictor_channels"],
        "pred_norm": "none",
        "pred_activation": "prelu",
        "ema_tau": 0.99,
        "ema_tau_end": 1.0,
        "total_steps": job["steps"],
    }
    model, data = BGRL(config, in_channels=x.size(1)), Data(x=x, edge_index=edge_index)
    optimizer = torch.optim.AdamW(
        model.student_parameters(), lr=job["lr"], weight_decay=job["weight_decay"]
    )

    def step(number):
        model.train()
        loss = model.compute_loss(data)
        optimizer.zero_grad()
        loss.backward()
        model.post_backward()
        optimizer.step()
        model.post_step()

    def embed():
        model.eval()
        return model(data)

    return step, embed

"""BGRL with PyGCL's augmentors, contrast model and loss.

The encoder, the two networks and the loop are the user's to write, as in PyGCL's own example.
"""

import copy
from itertools import pairwise

import torch
from GCL.augmentors import Compose, EdgeRemoving, FeatureMasking
from GCL.losses import BootstrapLatent
from GCL.models import BootstrapContrast
from torch_geometric.nn import GCNConv


class Encoder(torch.nn.Module):
    def __init__(self, widths):
        super().__init__()
        pairs = list(pairwise(widths))
        self.convs = torch.nn.ModuleList(GCNConv(a, b) for a, b in pairs)
        self.norms = torch.nn.ModuleList(torch.nn.BatchNorm1d(b, momentum=0.99) for _, b in pairs)
        self.acts = torch.nn.ModuleList(torch.nn.PReLU() for _ in pairs)

    def forward(self, x, edge_index, edge_weight=None):
        for conv, norm, act in zip(self.convs, self.norms, self.acts, strict=True):
            x = act(norm(conv(x, edge_index, edge_weight)))
        return x


def prepare(x, edge_index, job):
    online = Encoder([x.size(1), *job["channels"]])
    target = copy.deepcopy(online).requires_grad_(False)
    for conv in target.convs:
        conv.reset_parameters()
    out, hidden = job["channels"][-1], job["predictor_channels"]
    predictor = torch.nn.Sequential(
        torch.nn.Linear(out, hidden), torch.nn.PReLU(), torch.nn.Linear(hidden, out)
    )
    augmentors = [
        Compose([EdgeRemoving(pe=edges), FeatureMasking(pf=features)])
        for features, edges in zip(job["drop_feature"], job["drop_edge"], strict=True)
    ]
    contrast = BootstrapContrast(loss=BootstrapLatent(), mode="L2L")
    parameters = [*online.parameters(), *predictor.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=job["lr"], weight_decay=job["weight_decay"])

    def step(number):
        views = [augment(x, edge_index) for augment in augmentors]
        q1, q2 = (predictor(online(*v)) for v in views)
        with torch.no_grad():
            y1, y2 = (target(*v) for v in views)
        # PyGCL's loss is the similarity itself, its sign the user's to choose.
        loss = -contrast(h1_pred=q1, h2_pred=q2, h1_target=y1, h2_target=y2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for old, new in zip(target.parameters(), online.parameters(), strict=True):
                old.mul_(0.99).add_(new, alpha=0.01)

    def embed():
        online.eval()
        with torch.no_grad():
            return online(x, edge_index)

    return step, embed

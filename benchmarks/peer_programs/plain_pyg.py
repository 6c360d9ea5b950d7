"""BGRL in plain PyG, as one writes it by hand."""

import copy
import math
from itertools import pairwise

import torch
from torch_geometric.nn import GCNConv


class Encoder(torch.nn.Module):
    def __init__(self, widths):
        super().__init__()
        pairs = list(pairwise(widths))
        self.convs = torch.nn.ModuleList(GCNConv(a, b) for a, b in pairs)
        self.norms = torch.nn.ModuleList(torch.nn.BatchNorm1d(b, momentum=0.99) for _, b in pairs)
        self.acts = torch.nn.ModuleList(torch.nn.PReLU() for _ in pairs)

    def forward(self, x, edge_index):
        for conv, norm, act in zip(self.convs, self.norms, self.acts, strict=True):
            x = act(norm(conv(x, edge_index)))
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
    parameters = [*online.parameters(), *predictor.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=job["lr"], weight_decay=job["weight_decay"])

    def view(drop_feature, drop_edge):
        seen = x.clone()
        seen[:, torch.rand(x.size(1)) < drop_feature] = 0.0
        return seen, edge_index[:, torch.rand(edge_index.size(1)) >= drop_edge]

    def step(number):
        warmup, steps = job["warmup"], job["steps"]
        if number < warmup:
            factor = number / warmup
        else:
            factor = (1 + math.cos(math.pi * (number - warmup) / (steps - warmup))) / 2
        for group in optimizer.param_groups:
            group["lr"] = job["lr"] * factor
        views = [view(*p) for p in zip(job["drop_feature"], job["drop_edge"], strict=True)]
        q1, q2 = (predictor(online(*v)) for v in views)
        with torch.no_grad():
            y1, y2 = (target(*v) for v in views)
        cosine = torch.nn.functional.cosine_similarity
        loss = 2 - cosine(q1, y2).mean() - cosine(q2, y1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        momentum = 1 - 0.01 * (1 + math.cos(math.pi * number / steps)) / 2
        with torch.no_grad():
            for old, new in zip(target.parameters(), online.parameters(), strict=True):
                old.mul_(momentum).add_(new, alpha=1 - momentum)

    def embed():
        online.eval()
        with torch.no_grad():
            return online(x, edge_index)

    return step, embed

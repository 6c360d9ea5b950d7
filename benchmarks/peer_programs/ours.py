"""The same job in graphssl's own loop, held after every step; a user writes one command."""

from threading import Semaphore, Thread

from benchmarks.graphs import Setting
from benchmarks.step import OurStep

from graphssl.cli import compose
from graphssl.contracts import NodeDataset
from graphssl.graph import Graph
from graphssl.pipeline.embed import embed
from graphssl.training.loop import train
from graphssl.training.matmul import products


def prepare(x, edge_index, job):
    config, *_ = compose(job["overrides"])
    data = NodeDataset("peers", Graph(x, edge_index), job["y"], int(job["y"].max()) + 1)
    parts = OurStep(Setting(config, data, real=True))
    go, done = Semaphore(0), Semaphore(0)

    def hold(report):
        done.release()
        if report.step < report.total:
            go.acquire()

    def whole_run():
        go.acquire()
        with products(parts.settings.matmul, x.device):
            train(
                parts.state, data.graph, parts.augmentation, parts.regularizer, parts.settings,
                [hold],
            )  # fmt: skip

    Thread(target=whole_run, daemon=True).start()

    def step(number):
        go.release()
        done.acquire()

    return step, lambda: embed(parts.objective.encoder, data.graph)

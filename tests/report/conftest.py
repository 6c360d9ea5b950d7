"""Runs made by hand: what a run writes, small enough to compute every number of a table."""

import copy
import json

import pytest

from graphssl.results.identity import BEHAVIOUR_VERSION

CONFIG = {
    "dataset": {"_target_": "d", "name": "toy"},
    "encoder": {"channels": [16, 8]},
    "augmentation": {"strength": 1.0},
    "objective": {"_target_": "o"},
    "regularizer": {},
    "optimizer": {"lr": 0.1},
    "recipe": {"channels": [16, 8]},
    "trainer": {
        "steps": 10,
        "warmup": 0.1,
        "precision": "fp32",
        "grad_clip": None,
        "select": "last",
        "eval_every": 5,
    },
}


@pytest.fixture
def make_run(tmp_path):
    """Writes one run; returns its folder.

    ``accuracies`` are scores of ``metric`` on the test nodes, ``measured`` those of others;
    ``changes`` are dotted keys of the config.
    """
    counter = iter(range(10_000))

    def make(
        accuracies=(0.8, 0.9),
        *,
        metric="accuracy",
        measured=None,
        val=None,
        code=None,
        seed=0,
        rank=5.0,
        protocol="random_10_10_80",
        protocol_settings=None,
        selection="last",
        changes=None,
        overrides=None,
        labels_used=False,
        **choices,
    ):
        number = next(counter)
        options = {
            "dataset": "toy",
            "encoder": "gcn",
            "augmentation": "bgrl",
            "objective": "bgrl",
            "regularizer": "none",
            **choices,
        }
        config = copy.deepcopy(CONFIG)
        config["dataset"]["name"] = options["dataset"]
        config["objective"]["_target_"] = options["objective"]
        config["encoder"]["kind"] = options["encoder"]
        config["augmentation"]["kind"] = options["augmentation"]
        if options["regularizer"] == "werank":
            config["regularizer"] = {"alpha": 0.01, "layers": "all"}
        for key, value in (changes or {}).items():
            group, name = key.split(".")
            config[group][name] = value
        config["seed"] = seed
        settings = {"_target_": f"probes.{protocol}", "num_splits": len(accuracies)}
        settings |= protocol_settings or {}
        config["probe"] = {"split_seed": 0, "protocols": {protocol: settings}}
        content = {
            "id": f"id{number}",
            "behaviour_version": BEHAVIOUR_VERSION,
            "created": "2026-01-01T00:00:00+00:00",
            "seed": seed,
            "choices": options,
            "config": config,
            "dataset": {"name": options["dataset"], "nodes": 10},
            "selection": {"metric": selection, "step": None, "value": None},
            "labels_used": labels_used,
            "split": seed if labels_used else None,
            "scores": {
                protocol: {
                    "protocol": protocol,
                    "solver": "batched",
                    "metric": metric,
                    "test": {metric: list(accuracies), **(measured or {})},
                    "val": {} if val is None else {metric: list(val)},
                    "C": [1.0] * len(accuracies),
                    "split_seed": 0,
                    "test_mean": sum(accuracies) / len(accuracies),
                    "majority": 0.3,
                }
            },
            "diagnostics": {"representation": {"effective_rank_centred": rank, "dimensions": 8}},
            "training": {"steps": 10},
            "environment": {},
        }
        if code is not None:
            content["code"] = code
        if overrides is not None:
            content["overrides"] = overrides
        folder = tmp_path / "runs" / f"run-{number:04d}"
        folder.mkdir(parents=True)
        (folder / "record.json").write_text(json.dumps(content))
        (folder / "metrics.jsonl").write_text(
            "".join(
                json.dumps({"step": s, "effective_rank_centred": rank - s / 10}) + "\n"
                for s in (0, 5, 10)
            )
            + '{"step": 1'
        )
        return folder

    return make


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def full(make_run):
    """Two datasets, three floors, BGRL and WERank over six seeds, alphas and strengths."""
    bgrl = (0.70, 0.72, 0.71, 0.74, 0.69, 0.73)
    werank = (0.75, 0.76, 0.74, 0.79, 0.73, 0.79)
    for dataset in ("toy", "cora"):
        make_run((0.5, 0.6), dataset=dataset, objective="raw")
        for seed in range(6):
            shared = {"dataset": dataset, "seed": seed}
            make_run((0.6, 0.6 + seed / 100), objective="untrained", **shared)
            make_run(
                (0.9 - seed / 100,),
                objective="supervised",
                augmentation="none",
                labels_used=True,
                protocol_settings={"num_splits": 2},
                **shared,
            )
            make_run((bgrl[seed] - 0.02, bgrl[seed] + 0.02), rank=5 + seed, **shared)
            make_run(
                (werank[seed] - 0.01, werank[seed] + 0.01),
                rank=6 + seed,
                regularizer="werank",
                **shared,
            )
    for seed in range(3):
        for alpha in (0.001, 0.1):
            make_run(
                (0.7, 0.8), seed=seed, regularizer="werank", changes={"regularizer.alpha": alpha}
            )
        for strength in (0.0, 0.5):
            make_run((0.6, 0.7), seed=seed, changes={"augmentation.strength": strength})

"""The record of a run: its configuration, measurements and environment."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from graphssl.atomic import replace_text
from graphssl.contracts import ProbeScores
from graphssl.errors import DataError, words
from graphssl.metric_names import metric_label
from graphssl.results.identity import BEHAVIOUR_VERSION
from graphssl.results.own_code import own_code
from graphssl.results.record_checks import check_record, version_of


@dataclass(frozen=True)
class RunRecord:
    """One finished run, the content of ``record.json``.

    Attributes:
        id: hash of everything that determines the weights (``results/identity.py``).
        behaviour_version: version of the computations; numbers may differ between versions.
        created: end of the run, ISO 8601, UTC.
        seed: the pretraining seed.
        choices: the option chosen in each config group.
        config: the composed configuration, resolved.
        dataset: name, fingerprint of a custom graph, hash of the graph's content
            (``data/content_hash.py``), numbers of nodes, edges, features and classes.
        selection: the encoder that was kept: metric, step, value.
        labels_used: whether training or selection used labels; if so, ``split`` is the one split
            that was used and scored.
        split: index of that split, or None.
        scores: protocol name -> ``scores_entry``, with the settings and code of the protocol.
        diagnostics: measures of representation, embedding and weights.
        training: steps, wall time in seconds over all processes that took part, steps per second,
            peak memory in MiB, wall time of the probes (including the import of scikit-learn,
            once per process).
        environment: versions, git commit, machine, device, threads, and the route of float32
            products on the CPU.
        overrides: the overrides of the command line.
        code: target -> sha256 of its file, for custom code that the weights depend on.
        folder: the folder from which the record was read; not part of the file.
    """

    id: str
    behaviour_version: int
    created: str
    seed: int
    choices: dict[str, Any]
    config: dict[str, Any]
    dataset: dict[str, Any]
    selection: dict[str, Any]
    labels_used: bool
    split: int | None
    scores: dict[str, dict[str, Any]]
    diagnostics: dict[str, dict[str, Any]]
    training: dict[str, Any]
    environment: dict[str, Any]
    overrides: list[str] = field(default_factory=list)
    code: dict[str, str] = field(default_factory=dict)
    folder: str = field(default="", compare=False)

    def summary(self) -> str:
        """Summarise the run on one line: its choices, scores by protocol, rank and folder."""
        names = [self.choices.get(g) for g in ("encoder", "objective", "regularizer")]
        names = [self.dataset["name"], *names]  # several graphs may share an option
        ranks = self.diagnostics["representation"]
        rank = f"effective rank {ranks['effective_rank_centred']:.1f} of {ranks['dimensions']}"
        scores = [score_text(name, entry) for name, entry in self.scores.items()]
        if without_labels(vars(self)) and not scores:
            scores = ["not probed: no labels"]
        found = ", ".join([*scores, rank])
        return f"{' '.join(map(str, names))} seed {self.seed}: {found} -> {self.folder}"

    def value(self, name: str) -> float:
        """Return a quantity to optimise, NaN if the run does not have it.

        A validation score is that of the first protocol that measures it, on the one split that the
        seed selects; only test scores on the same split are then unbiased.

        Args:
            name: ``val_<metric>``, e.g. ``val_accuracy``; ``val_score`` for the printed metric; or
                a measure of the representation.
        """
        if not name.startswith("val_"):
            return float(self.diagnostics["representation"].get(name, math.nan))
        asked = name.removeprefix("val_")
        for entry in self.scores.values():
            if found := entry["val"].get(entry["metric"] if asked == "score" else asked):
                return float(found[self.seed % len(found)])
        return math.nan

    def numbers(self) -> dict[str, float]:
        """Everything measured, by name: ``test/<protocol>/<metric>``, ``representation/rankme``.

        Scores are means over splits.
        """
        found: dict[str, Any] = {
            f"{part}/{name}/{metric}": sum(values) / len(values)
            for name, entry in self.scores.items()
            for part in ("test", "val")
            for metric, values in entry[part].items()
        }
        for where, values in {**self.diagnostics, "training": self.training}.items():
            found |= {f"{where}/{key}": value for key, value in values.items()}
        return {k: float(v) for k, v in found.items() if isinstance(v, int | float)}

    def written_since(self, seconds: float) -> bool:
        """Return whether its file was written at or after ``seconds`` since the epoch."""
        return (Path(self.folder) / "record.json").stat().st_mtime >= seconds

    def write(self, folder: Path) -> None:
        """Write ``record.json`` into ``folder``, atomically."""
        content = asdict(self)
        del content["folder"]
        replace_text(folder / "record.json", json.dumps(content, indent=2) + "\n")

    @staticmethod
    def read(folder: Path) -> RunRecord:
        """Read the record in ``folder``.

        Raises:
            DataError: there is no record, or the file is not a valid one.
        """
        path = folder / "record.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            version = version_of(content)
            record = RunRecord(**content, folder=str(folder))
            if version == BEHAVIOUR_VERSION:
                check_record(content)
                record.summary()  # raises if a key that it reads is missing
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(f"{folder} contains no record.json: not a finished run") from None
        except Exception as error:  # a damaged file may raise anything
            raise DataError(
                f"{path} is not a run record: {words(error)[:200]}; delete it and repeat the "
                "command that made it"
            ) from error
        return record


def unscored(record: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """List the protocols of ``config`` without a score for its settings, metric and code.

    Args:
        record: content of the run's record; empty if it has none.
        config: the configuration that asks for the protocols.
    """
    if without_labels(record) and "held_out_edges" not in record["dataset"]:
        return []
    probe, metric = config["probe"], config["dataset"].get("metric")
    found = {
        name: tuple(entry.get(key) for key in ("settings", "split_seed", "dataset_metric", "code"))
        for name, entry in record.get("scores", {}).items()
    }
    return [
        name
        for name, settings in (probe.get("protocols") or {}).items()
        if found.get(name) != (settings, probe["split_seed"], metric, own_code(settings))
    ]


def without_labels(record: Mapping[str, Any]) -> bool:
    """Return whether the record is of a graph without labels, which no protocol can score."""
    return bool(record.get("dataset", {}).get("classes") == 0)


def scores_entry(scores: ProbeScores, metric: str, majority: float) -> dict[str, Any]:
    """Convert ``scores`` to a dict and add the printed numbers.

    These are the mean and population std over splits of the printed metric's test scores, and
    ``majority``.

    Args:
        scores: scores that a protocol returned.
        metric: the graph's metric, printed instead of accuracy if it was measured.
        majority: share of the most frequent class among the test nodes.
    """
    if scores.metric == "accuracy" and metric in scores.test:
        scores = replace(scores, metric=metric)
    values = scores.test[scores.metric]
    mean = sum(values) / len(values)
    std = (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5
    return {**asdict(scores), "test_mean": mean, "test_std": std, "majority": majority}


def score_text(name: str, entry: Mapping[str, Any]) -> str:
    """Format validation, then test with its std, the protocol, and a note if it shows nothing."""
    metric, mean = entry["metric"], entry["test_mean"]
    splits = len(entry["test"][metric])
    spread = "" if splits == 1 else f" +- {100 * entry['test_std']:.2f}"
    counted = "1 split" if splits == 1 else f"{splits} splits"
    empty = metric == "accuracy" and mean <= entry["majority"] + 0.01 + 1e-12
    note = f", majority class {100 * entry['majority']:.2f} %" if empty else ""
    chosen_by = entry["val"].get(metric)
    validation = f"validation {100 * sum(chosen_by) / splits:.2f} %, " if chosen_by else ""
    label = metric_label(metric)
    return f"{label} {validation}test {100 * mean:.2f}{spread} % ({name}, {counted}){note}"

"""The record of a run: what it was, what it measured, where and with what."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from graphssl.contracts import ProbeScores
from graphssl.errors import DataError
from graphssl.results.own_code import own_code


@dataclass(frozen=True)
class RunRecord:
    """One finished run, as ``record.json`` holds it.

    Attributes:
        id: hash of what determines the weights (``results/identity.py``).
        behaviour_version: version of what the code computes; differs where numbers may differ.
        created: end of the run, ISO 8601, UTC.
        seed: the pretraining seed.
        choices: the option chosen in each config group.
        config: the composed configuration, resolved.
        dataset: name, fingerprint of a user's own file, hash of the graph as it was trained on
            (``data/content_hash.py``), numbers of nodes, edges, features, classes.
        selection: which encoder was kept: metric, step, value.
        labels_used: whether labels had a part in training or selection; then ``split`` is the one
            split that was used and scored.
        split: index of that split, or None.
        scores: protocol name -> ``ProbeScores`` as a dict, with mean and std (population, over
            splits) of the test accuracy, the settings of the protocol, and the hash of its code.
        diagnostics: numbers on representation and embedding.
        training: steps, wall time in seconds over all processes that took part, pace, peak memory
            in MiB, wall time of the probes.
        environment: versions, git commit, machine, device, threads.
        overrides: what was said on the command line.
        code: target -> sha256 of its file, of the user's own code that determines the weights.
        folder: where the record was read; not part of it.
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
        """One line for people: what ran, every score with its protocol, rank, where it lies."""
        names = [self.choices.get(g) for g in ("encoder", "objective", "regularizer")]
        names = [self.dataset["name"], *names]  # several graphs may share an option
        ranks = self.diagnostics["representation"]
        rank = f"effective rank {ranks['effective_rank_centred']:.1f} of {ranks['dimensions']}"
        found = ", ".join([*(_score(name, s) for name, s in self.scores.items()), rank])
        return f"{' '.join(map(str, names))} seed {self.seed}: {found} -> {self.folder}"

    def value(self, name: str) -> float:
        """A number to optimise, NaN where there is none.

        Args:
            name: ``val_accuracy`` under the first protocol that has it, on the one split of this
                seed, on which alone test accuracy may then be read; or a measure of the
                representation.
        """
        if name == "val_accuracy":
            found = [s["val_accuracy"] for s in self.scores.values() if s["val_accuracy"]]
            return float(found[0][self.seed % len(found[0])]) if found else math.nan
        return float(self.diagnostics["representation"].get(name, math.nan))

    def write(self, folder: Path) -> None:
        """Write ``record.json`` into ``folder``, whole or not at all."""
        content = asdict(self)
        del content["folder"]
        partial = folder / "record.json.partial"
        partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        partial.replace(folder / "record.json")

    @staticmethod
    def read(folder: Path) -> RunRecord:
        """The record in ``folder``.

        Raises:
            DataError: there is none, or it is no record.
        """
        path = folder / "record.json"
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return RunRecord(**content, folder=str(folder))
        except FileNotFoundError:
            raise DataError(f"{folder} holds no record.json: not a finished run") from None
        except (json.JSONDecodeError, TypeError, UnicodeDecodeError) as error:
            raise DataError(f"{path} is not a run record: {error}") from None


def unscored(scores: Mapping[str, Mapping[str, Any]], probe: Mapping[str, Any]) -> list[str]:
    """Protocols of ``probe``, the configuration's, without a score under settings and code now."""
    found = {
        name: (s.get("settings"), s.get("split_seed"), s.get("code", {}))
        for name, s in scores.items()
    }
    return [
        name
        for name, settings in (probe.get("protocols") or {}).items()
        if found.get(name) != (settings, probe["split_seed"], own_code(settings))
    ]


def scores_entry(scores: ProbeScores) -> dict[str, Any]:
    """``scores`` as a dict, with the mean and the population std of the test accuracy."""
    values = scores.test_accuracy
    mean = sum(values) / len(values)
    std = (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5
    return {**asdict(scores), "test_mean": mean, "test_std": std}


def _score(name: str, entry: Mapping[str, Any]) -> str:
    """The mean, and the spread where there is more than one split, with the protocol's name."""
    splits, mean = len(entry["test_accuracy"]), 100 * entry["test_mean"]
    if splits == 1:
        return f"{mean:.2f} % ({name}, 1 split)"
    return f"{mean:.2f} +- {100 * entry['test_std']:.2f} % ({name}, {splits} splits)"

"""What a run leaves, to be compared with what another left."""

import json
from pathlib import Path

import numpy as np
import torch

from graphssl.results.record import RunRecord


def traces(folder: Path):
    """Everything a run leaves but wall-clock figures and what it was interrupted by."""
    record = RunRecord.read(folder)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        row.pop("steps_per_second", None)
    weights = torch.load(folder / "encoder.pt", weights_only=True)
    with np.load(folder / "spectra.npz") as file:
        spectra = {key: file[key].tobytes() for key in file}
    return (
        rows, record.scores, record.diagnostics, spectra,
        {key: value.numpy().tobytes() for key, value in weights.items()},
    )  # fmt: skip

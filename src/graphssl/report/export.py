"""The frame of runs for other programs: CSV, Parquet, a table in Weights & Biases."""

from __future__ import annotations

import json

import pandas as pd

from graphssl.errors import ConfigError, words

_FORMS = "FILE.csv, FILE.parquet or wandb:PROJECT"


def export(frame: pd.DataFrame, target: str) -> None:
    """Write the frame of ``load_frame``, one row per run and protocol.

    Lists are JSON text; columns of mixed types are text.

    Args:
        frame: of ``load_frame``.
        target: ``FILE.csv``, ``FILE.parquet`` or ``wandb:PROJECT``.

    Raises:
        ConfigError: another kind of target, a missing package, or a file that cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "runs.csv"
        >>> export(pd.DataFrame({"seed": [0], "score_by_split": [(90.0, 91.0)]}), str(path))
        >>> print(path.read_text())
        seed,score_by_split
        0,"[90.0, 91.0]"
        <BLANKLINE>
    """
    flat = flat_frame(frame)
    if target.startswith("wandb:"):
        _to_wandb(flat, target.removeprefix("wandb:"))
        return
    try:
        if target.endswith(".csv"):
            flat.to_csv(target, index=False)
        elif target.endswith(".parquet"):
            flat.to_parquet(target, index=False)
        else:
            raise ConfigError(f"export={target}: no such form; there are {_FORMS}")
    except ImportError:
        raise ConfigError(
            f'export={target}: pyarrow is not installed: pip install "graphssl-werank[parquet]"'
        ) from None
    except OSError as error:
        raise ConfigError(
            f"export={target} cannot be written: {error.strerror or words(error)}"
        ) from None


def flat_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return ``frame`` with one type per column: lists as JSON text, mixed types as text."""
    columns = {}
    for key in frame.columns:
        values = frame[key].map(lambda v: json.dumps(v) if isinstance(v, tuple) else v)
        kinds = {type(value) for value in values.dropna()}
        mixed = values.dtype == object and len(kinds) > 1
        columns[key] = values.map(lambda v: v if pd.isna(v) else str(v)) if mixed else values
    return pd.DataFrame(columns)


def _to_wandb(frame: pd.DataFrame, project: str) -> None:
    try:
        import wandb
    except ImportError:
        raise ConfigError(
            'export=wandb: wandb is not installed: pip install "graphssl-werank[wandb]"'
        ) from None
    with wandb.init(project=project, job_type="report") as run:
        run.log({"runs": wandb.Table(dataframe=frame)})

"""Read tables from CSV or Parquet files, with ids of nodes kept as they are written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphssl.contracts import AnyArray
from graphssl.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".parquet")
_MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "None")


def read_table(path: Path, ids: tuple[str, ...]) -> pd.DataFrame:
    """Read ``path``; columns named in ``ids`` keep their text, so that 007 is not 7.

    Raises:
        DataError: the file cannot be read, is empty, or Parquet support is not installed.
    """
    import pandas as pd  # slow to import, and for tables alone

    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(
                path,
                dtype=dict.fromkeys(ids, str),
                keep_default_na=False,  # an id may be NA
                na_values={
                    str(column): _MISSING
                    for column in pd.read_csv(path, nrows=0)
                    if column not in ids
                },
            )
    except ImportError:
        raise DataError(
            f'{path}: pyarrow is not installed: pip install "graphssl-werank[parquet]"'
        ) from None
    except FileNotFoundError:
        raise DataError(f"{path} is not a file") from None
    except Exception as error:  # parsers raise anything on unexpected files
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{path} cannot be read as a table ({reason})") from error
    if table.empty:
        raise DataError(f"{path} has no rows")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise DataError(f"{path} has the column {twice[0]} twice")
    return table


def id_column(path: Path, table: pd.DataFrame, column: str) -> AnyArray:
    """Return a column of ids as strings.

    Raises:
        DataError: the column is missing, an id is missing, or it is neither text nor whole.
    """
    if column not in table:
        raise DataError(f"{path} has no column {column}; it has {_listed(table)}")
    values: Any = table[column]
    missing = values.isna() | (values == "")
    if missing.any():
        raise DataError(f"{path}: {column} is missing in row {int(missing.argmax()) + 1}")
    if values.dtype.kind == "f":
        raise DataError(f"{path}: {column} has fractions, not whole numbers or text")
    return np.array(values.astype(str), dtype="U")


def number_column(path: Path, table: pd.DataFrame, column: str) -> AnyArray:
    """Return a column of numbers or booleans.

    Raises:
        DataError: it has text, or a value is missing.
    """
    values: Any = table[column]
    if values.isna().any():
        raise DataError(f"{path}: {column} is missing in row {int(values.isna().argmax()) + 1}")
    if values.dtype.kind not in "biuf":
        raise DataError(
            f"{path}: {column} has {values.iloc[0]!r}, not numbers; encode it, or skip it with "
            f"dataset.ignore=[{column}]"
        )
    return np.array(values)


def natural_ids(ids: AnyArray) -> AnyArray:
    """Convert strings to int64 if every one is a whole number as Python writes it.

    Example:
        >>> natural_ids(np.array(["7", "-10"])).tolist()
        [7, -10]
        >>> natural_ids(np.array(["7", "07"])).tolist()
        ['7', '07']
    """
    try:
        numbers = ids.astype(np.int64)
    except (ValueError, OverflowError):
        return ids
    return numbers if (numbers.astype(ids.dtype) == ids).all() else ids


def _listed(table: pd.DataFrame) -> str:
    return ", ".join(map(str, table.columns[:8])) + (", ..." if len(table.columns) > 8 else "")

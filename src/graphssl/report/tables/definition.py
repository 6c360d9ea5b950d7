"""What a table is: its rows, columns, measures, contrasts. One yaml file per table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from graphssl.errors import ConfigError
from graphssl.metric_names import metric_label

_FOLDER = Path(__file__).parent / "definitions"
Match = Mapping[str, Any]


@dataclass(frozen=True)
class RowSpec:
    """One row, or with ``by`` one row for every value found.

    Attributes:
        label: what the row is called; ``{}`` takes the values of ``by`` in turn.
        match: field -> the value that the row's runs have; a list means any of them.
        by: fields whose values make the rows.
        compare: the row takes part in the search for the best cell.
    """

    label: str
    match: Match
    by: tuple[str, ...] = ()
    compare: bool = True


# The printed metric of each graph, on test and on validation nodes.
SCORES = ("score", "val_score")


@dataclass(frozen=True)
class ValueSpec:
    """A measure: its column in the frame, how it is called, and its decimals.

    Attributes:
        key: a column of ``load_frame``.
        label: ``{metric}`` stands for the metric's name; empty for a name made from the key.
    """

    key: str
    label: str = ""
    digits: int = 2

    def called(self, metric: str) -> str:
        """What the measure is called; ``metric`` is empty for what no probe scored."""
        if not metric:
            return self.label or self.key
        part = "validation" if self.key.startswith("val_") else "test"
        label = self.label or f"{part} {{metric}} (%)"
        if self.key in SCORES and "{metric}" not in label:
            label += ", {metric}"
        return label.replace("{metric}", metric_label(metric))


RAW = RowSpec("raw features", {"objective": "raw"})
UNTRAINED = RowSpec("untrained encoder", {"objective": "untrained"})
SUPERVISED = RowSpec(
    "supervised", {"objective": "supervised", "regularizer": "none"}, compare=False
)


@dataclass(frozen=True)
class Definition:
    """A table.

    Attributes:
        name: on the command line.
        title: above the table.
        rows: the methods.
        columns: the field whose values are the columns.
        column_label: what a column is called; ``{}`` takes the value.
        order: values of ``columns`` that come first, in this order.
        panel: a field with a table for each of its values; None for one table.
        values: the measures, a table each.
        filters: field -> value of every run that has the field; ``${field}`` stands for the run's
            own value of another field, so that a table can ask for what the recipe says.
        floors: raw features, untrained encoder, supervised; above the rows.
        contrasts: planned comparisons, pairs of row labels, the first against the second.
        published: row label -> entries of ``published.yaml`` to set beside it.
    """

    name: str
    title: str
    rows: tuple[RowSpec, ...]
    columns: str
    values: tuple[ValueSpec, ...]
    column_label: str = "{}"
    order: tuple[Any, ...] = ()
    panel: str | None = None
    filters: Match | None = None
    floors: tuple[RowSpec, ...] = (RAW, UNTRAINED, SUPERVISED)
    contrasts: tuple[tuple[str, str], ...] = ()
    published: Mapping[str, Sequence[str]] | None = None


def shipped_tables() -> list[str]:
    """Names of the tables that come with the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_definition(name: str) -> Definition:
    """The shipped table ``name``, or the one in a yaml file of the user's own.

    Raises:
        ConfigError: unknown table, or a file that defines none.
    """
    own = name.endswith((".yaml", ".yml"))
    path = Path(name) if own else _FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError(
            f"table={name}: no such table; there are {', '.join(shipped_tables())}, "
            "or the path of a yaml file"
        )
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
        return _definition(path.stem, content)
    except (YAMLError, OmegaConfBaseException, TypeError, KeyError, ValueError) as error:
        raise ConfigError(f"{path} defines no table: {' '.join(str(error).split())}") from None


def _definition(name: str, content: Any) -> Definition:
    if not isinstance(content, dict):
        raise ValueError("keys such as title, rows, columns are needed")
    known = [f.name for f in fields(Definition) if f.name != "name"]
    for key in content:
        if key not in known:
            raise ValueError(f"unknown key {key}; there are {', '.join(known)}")
    for key in ("title", "rows", "columns", "values"):
        if key not in content:
            raise ValueError(f"no {key}")
    content["rows"] = tuple(map(_row, content["rows"]))
    content["values"] = tuple(map(_value, content["values"]))
    if "floors" in content:
        content["floors"] = tuple(map(_row, content["floors"]))
    labels = {row.label for row in content["rows"]}
    contrasts = content["contrasts"] = tuple(map(tuple, content.get("contrasts", ())))
    for label in [*(name for pair in contrasts for name in pair), *content.get("published", {})]:
        if label not in labels:
            raise ValueError(f"no row {label!r}")
    return Definition(name=name, **content)


def _row(content: dict[str, Any]) -> RowSpec:
    by = content.pop("by", ())
    match = content.pop("match", {})
    return RowSpec(match=match, by=(by,) if isinstance(by, str) else tuple(by), **content)


def _value(content: str | dict[str, Any]) -> ValueSpec:
    return ValueSpec(content) if isinstance(content, str) else ValueSpec(**content)

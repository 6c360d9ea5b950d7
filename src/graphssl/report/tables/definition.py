"""Definition of a table: its rows, columns, measures and contrasts; one yaml file per table."""

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
    """One row, or with ``by`` one row per value found.

    Attributes:
        label: the row's label; ``{}`` is replaced by the values of ``by`` in turn.
        match: field -> the value that the row's runs have; a list allows any of its values.
        by: fields whose values define the rows.
        compare: whether the row takes part in the search for the best cell.
        choose: a measure on validation nodes (``"val_score"``): one row in place of one per value
            of ``by``, with the runs of the value whose mean is highest, in each column; empty for
            none.
    """

    label: str
    match: Match
    by: tuple[str, ...] = ()
    compare: bool = True
    choose: str = ""

    def __post_init__(self) -> None:
        if self.choose and not (self.by and self.choose.startswith("val_")):
            raise ValueError(
                f"row {self.label!r}: choose={self.choose} must be a measure on validation nodes "
                "(val_score), and needs by, the settings to choose from"
            )


# The printed metric of each graph, on test and on validation nodes.
SCORES = ("score", "val_score")


@dataclass(frozen=True)
class ValueSpec:
    """A measure: its column in the frame, its label and its number of decimals.

    Attributes:
        key: a column of ``load_frame``.
        label: ``{metric}`` is replaced by the metric's name; empty for a label made from the key.
        digits: number of decimals.
    """

    key: str
    label: str = ""
    digits: int = 2

    def called(self, metric: str) -> str:
        """Return the label; ``metric`` is empty for a measure that is not a probe's score."""
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
        name: its name on the command line.
        title: its title.
        rows: the methods.
        columns: the field whose values are the columns.
        values: the measures, one table each.
        column_label: label of a column; ``{}`` is replaced by the value.
        order: values of ``columns`` that come first, in this order.
        panel: a field with one table per value; None for a single table.
        filters: field -> value of every run that has the field; ``${field}`` stands for the run's
            value of another field, so that a table can require the recipe's value.
        floors: raw features, untrained encoder, supervised; shown above the rows.
        contrasts: planned comparisons, pairs of row labels, the first minus the second.
        published: row label -> entries of ``published.yaml`` to compare it with.
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
    """List the names of the built-in tables."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def load_definition(name: str) -> Definition:
    """Load the built-in table ``name``, or a custom one from a yaml file.

    Raises:
        ConfigError: the table is unknown, or the file does not define one.
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
        raise ConfigError(
            f"{path} does not define a table: {' '.join(str(error).split())}"
        ) from None


def _definition(name: str, content: Any) -> Definition:
    if not isinstance(content, dict):
        raise ValueError("needs keys such as title, rows and columns")
    known = [f.name for f in fields(Definition) if f.name != "name"]
    for key in content:
        if key not in known:
            raise ValueError(f"unknown key {key}; there are {', '.join(known)}")
    for key in ("title", "rows", "columns", "values"):
        if key not in content:
            raise ValueError(f"{key} is missing")
    content["rows"] = tuple(map(_row, content["rows"]))
    content["values"] = tuple(map(_value, content["values"]))
    if "floors" in content:
        content["floors"] = tuple(map(_row, content["floors"]))
    labels = {row.label for row in content["rows"]}
    contrasts = content["contrasts"] = tuple(map(tuple, content.get("contrasts", ())))
    for label in [*(name for pair in contrasts for name in pair), *content.get("published", {})]:
        if label not in labels:
            raise ValueError(f"there is no row {label!r}")
    return Definition(name=name, **content)


def _row(content: dict[str, Any]) -> RowSpec:
    by = content.pop("by", ())
    match = content.pop("match", {})
    return RowSpec(match=match, by=(by,) if isinstance(by, str) else tuple(by), **content)


def _value(content: str | dict[str, Any]) -> ValueSpec:
    return ValueSpec(content) if isinstance(content, str) else ValueSpec(**content)

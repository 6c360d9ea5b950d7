"""Figure and table of the toy experiment, from the frame that ``toy.grid`` returns."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from rich import box
from rich.table import Table

# Okabe-Ito colours, which colour-blind readers can tell apart; marker and line differ too.
STYLES: dict[str, dict[str, Any]] = {
    "untrained": {"color": "#000000", "marker": "s", "linestyle": ":"},
    "BYOL": {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    "BYOL + WERank": {"color": "#D55E00", "marker": "^", "linestyle": "--"},
}


def draw(frame: pd.DataFrame, folder: Path) -> list[Path]:
    """Plot rank over layers, depth, width and steps: median and range over seeds.

    Returns:
        The paths of the SVG and the PNG.
    """
    networks = list(frame["network"].unique())
    figure, grid = plt.subplots(
        len(networks), 4, figsize=(11, 5.2), layout="constrained", sharey="row", squeeze=False
    )
    deepest, wide_at = _deepest(frame), _depth_of_widths(frame)
    for row, network in zip(grid, networks, strict=True):
        of = frame[frame["network"] == network]
        deep = of[(of["depth"] == deepest[0]) & (of["width"] == deepest[1])]
        last = of[of["layer"] == of["depth"]]
        _lines(row[0], _arms(deep), "layer")
        _lines(row[1], _arms(last[last["width"] == deepest[1]]), "depth")
        _lines(row[2], _arms(last[last["depth"] == wide_at]), "width")
        _lines(row[3], _trained(deep[deep["layer"] == deepest[0]]), "step")
        _doubling(row[1], "x", last["depth"].unique())
        _doubling(row[2], "x", last["width"].unique())
        _doubling(row[0], "y", [2**k for k in range(int(of["rank"].max()).bit_length())])
        row[0].set_ylabel(f"{network}\neffective rank")
        for axes in row:
            axes.axhline(of["data_rank"].iloc[0], color="0.5", linewidth=0.8, zorder=0)
            axes.set_ylim(bottom=0.95)
            axes.spines[["top", "right"]].set_visible(False)
    titles = {
        f"every layer, depth {deepest[0]}": "layer (0: the data)",
        f"representation, width {deepest[1]}": "depth",
        f"representation, depth {wide_at}": "width",
        f"representation, depth {deepest[0]}": "training step",
    }
    for column, (title, label) in enumerate(titles.items()):
        grid[0, column].set_title(title, fontsize=10)
        grid[-1, column].set_xlabel(label)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    rank = grid[0, 0].axhline(float("nan"), color="0.5", linewidth=0.8)
    figure.legend(
        [*handles, rank], [*labels, "rank of the data"],
        loc="outside upper center", ncols=4, frameon=False,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"toy_overparameterised.{kind}" for kind in ("svg", "png")]
    for path in paths:
        figure.savefig(path, dpi=150)
    plt.close(figure)
    return paths


def table(frame: pd.DataFrame) -> Table:
    """Build the table of the effective rank of the representation, median over seeds."""
    last = frame[frame["layer"] == frame["depth"]]
    shapes = list(last[["depth", "width"]].drop_duplicates().itertuples(index=False, name=None))
    shown = Table(
        box=box.SIMPLE,
        title=f"effective rank of the representation, data of rank {frame['data_rank'].iloc[0]}",
        caption=f"depth x width; median over {frame['seed'].nunique()} seeds; "
        f"cos: mean pair cosine at depth {frame['depth'].max()}",
    )
    for name in ("network", "", *(f"{depth}x{width}" for depth, width in shapes), "cos"):
        shown.add_column(name, justify="left" if name in ("network", "") else "right")
    for network in last["network"].unique():
        for arm, rows in _arms(last[last["network"] == network]).items():
            cells = []
            for depth, width in shapes:
                rank = rows[(rows["depth"] == depth) & (rows["width"] == width)]["rank"]
                cells.append(f"{rank.median():.1f}")
            cosine = rows[rows["depth"] == rows["depth"].max()]["cosine"].median()
            shown.add_row(network, arm, *cells, f"{cosine:z.2f}")
    return shown


def _trained(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    names = {"none": "BYOL", "WERank": "BYOL + WERank"}
    return {arm: frame[frame["regularizer"] == name] for name, arm in names.items()}


def _arms(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Select the rows before the first step, and after the last one without and with WERank."""
    untrained = frame[(frame["step"] == 0) & (frame["regularizer"] == "none")]
    return {"untrained": untrained, **_trained(frame[frame["step"] == frame["step"].max()])}


def _lines(axes: Axes, arms: dict[str, pd.DataFrame], over: str) -> None:
    for arm, rows in arms.items():
        rank = rows.groupby(over)["rank"].agg(["median", "min", "max"])
        style = STYLES[arm]
        axes.plot(rank.index, rank["median"], label=arm, markersize=4, linewidth=1.4, **style)
        axes.fill_between(
            rank.index, rank["min"], rank["max"], color=style["color"], alpha=0.18, linewidth=0
        )


def _doubling(axes: Axes, which: Literal["x", "y"], ticks: Iterable[int]) -> None:
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_ticks(sorted(ticks), [str(tick) for tick in sorted(ticks)])
    axis.set_minor_locator(NullLocator())


def _deepest(frame: pd.DataFrame) -> tuple[int, int]:
    """Return depth and width of the deepest network."""
    return max(zip(frame["depth"].tolist(), frame["width"].tolist(), strict=True))


def _depth_of_widths(frame: pd.DataFrame) -> int:
    """Return the depth at which most widths were tried."""
    shapes = frame[["depth", "width"]].drop_duplicates()
    return int(shapes["depth"].mode()[0])

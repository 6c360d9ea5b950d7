"""``make demo``: the main job on scikit-learn's digits, four rows of one table and a picture."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from rich.console import Console
from rich.table import Table

import graphssl
from graphssl import shell
from graphssl.results.record import RunRecord

ROWS = {
    "raw features": ["objective=raw"],
    "untrained encoder": ["objective=untrained"],
    "BGRL": ["objective=bgrl"],
    "BGRL + WERank": ["objective=bgrl", "regularizer=werank"],
}
# Okabe-Ito colours, which colour-blind readers can tell apart.
COLOURS = {"BGRL": "#0072B2", "BGRL + WERank": "#D55E00"}


def main() -> None:
    """Run the four rows, print the table and draw the picture."""
    parser = argparse.ArgumentParser(
        prog="python -m graphssl.demo",
        description="Run BGRL with and without WERank, and two floors, on scikit-learn's digits: "
        "two minutes. Prints a table and writes records and a picture to runs/demo.",
    )
    parser.parse_args()
    console = Console()
    records = {}
    for name, overrides in ROWS.items():
        words = [*overrides, "trainer.eval_every=10", "paths.runs=runs/demo"]
        command = shell.join(["graphssl", *words])
        console.print(f"running {name}: {command}", highlight=False, soft_wrap=True)
        records[name] = graphssl.run(words)
    console.print(table(records))
    picture = Path(records["BGRL"].folder).parent / "demo.png"
    draw(records, picture)
    for name, record in records.items():
        console.print(
            f"record of {name}: {record.folder}/record.json", highlight=False, soft_wrap=True
        )
    console.print(f"picture: {picture}", highlight=False, soft_wrap=True)


def table(records: dict[str, RunRecord]) -> Table:
    """Build the table of accuracy (mean and std over splits) and effective rank."""
    protocol, scores = next(iter(records["BGRL"].scores.items()))
    splits = len(scores["test"]["accuracy"])
    shown = Table(
        title="digits: 1,797 images, 64 features, 10 classes, cosine kNN graph (k = 5), seed 0",
        caption=f"accuracy: {protocol}, mean +- std over {splits} splits; "
        "effective rank: of the centred representation",
    )
    shown.add_column("")
    shown.add_column("accuracy (%)", justify="right")
    shown.add_column("effective rank", justify="right")
    for name, record in records.items():
        found = record.scores[protocol]
        ranks = record.diagnostics["representation"]
        shown.add_row(
            name,
            f"{100 * found['test_mean']:.2f} +- {100 * found['test_std']:.2f}",
            f"{ranks['effective_rank_centred']:.1f} of {ranks['dimensions']}",
        )
    return shown


def draw(records: dict[str, RunRecord], path: Path) -> None:
    """Plot effective rank and validation accuracy over training, without and with WERank."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for name, colour in COLOURS.items():
        rows = _evaluations(Path(records[name].folder))
        steps = [row["step"] for row in rows]
        left.plot(steps, [row["effective_rank_centred"] for row in rows], color=colour, label=name)
        right.plot(steps, [100 * row["val_accuracy"] for row in rows], color=colour)
    _label(left, "effective rank (centred)")
    _label(right, "accuracy on validation nodes (%)")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    figure.savefig(path, dpi=160)
    plt.close(figure)


def _label(axes: Axes, name: str) -> None:
    axes.set(xlabel="training step", ylabel=name)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _evaluations(folder: Path) -> list[dict[str, float]]:
    lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if "effective_rank_centred" in row]


if __name__ == "__main__":
    main()

"""``graphssl-report``: make tables and figures from a folder of runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphssl.errors import ConfigError, GraphSSLError
from graphssl.report.build import compose_report
from graphssl.report.export import export
from graphssl.report.formats.files import FORMATS
from graphssl.report.formats.plain import plain
from graphssl.report.leaderboard import build_leaderboard
from graphssl.report.publish import publish
from graphssl.report.runs.frame import load_frame
from graphssl.report.tables.definition import shipped_tables
from graphssl.shell import until_closed


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an expected error is printed as one line, with exit code 1."""
    with until_closed():
        status = _main(_parser().parse_args(arguments))
    sys.exit(status)


def _main(options: argparse.Namespace) -> int:
    try:
        formats = options.format.split(",") if options.format else []
        _check_formats(formats)
        filters = dict(map(_filter, options.filter))
        metrics = tuple(options.metric.split(",")) if options.metric else ()
        figures = options.figures.split(",") if options.figures else ()
        if options.leaderboard and options.table:
            raise ConfigError(f"--leaderboard takes no --table, got {options.table}")
    except GraphSSLError as error:
        return _say(error)
    if options.export:
        return _export(options.runs, options.export)
    out = Path(options.out or Path(options.runs) / "report")
    failed = 0
    for table in options.table.split(",") if options.table else [None]:
        try:
            asked = (filters, options.protocol, metrics)
            report = (
                build_leaderboard(options.runs, *asked)
                if table is None
                else compose_report(options.runs, table, *asked)
            )
            publish(report, formats, figures, out, as_markdown="md" in formats)
            failed = failed or int(report.coverage.shown == 0)
        except GraphSSLError as error:
            failed = _say(error)
    return failed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="graphssl-report",
        description="Tables and figures of a folder of runs. Without --table: every run, one row "
        "per setting, the best on validation nodes first.",
    )
    parser.add_argument("runs", help="folder of runs")
    parser.add_argument(
        "--table",
        help=f"{', '.join(shipped_tables())}, or a yaml file; comma-separated",
    )
    parser.add_argument(
        "--leaderboard", action="store_true", help="the table of every run, as without --table"
    )
    parser.add_argument(
        "--format",
        help=f"write files: {', '.join(FORMATS)}; comma-separated (md is printed too)",
    )
    parser.add_argument("--figures", help="figures to draw, comma-separated (default: all)")
    parser.add_argument("--out", help="folder for the files (default: RUNS/report)")
    parser.add_argument(
        "--export",
        help="write the frame of all runs instead: FILE.csv, FILE.parquet, wandb:PROJECT",
    )
    parser.add_argument("--protocol", help="use only scores of this probe protocol")
    parser.add_argument("--metric", help="measures that replace the table's own, comma-separated")
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="use only runs with this setting, e.g. regularizer.alpha=0.1; may be repeated",
    )
    return parser


def _export(runs: str, target: str) -> int:
    try:
        export(load_frame(runs), target)
    except GraphSSLError as error:
        return _say(error)
    print(f"written: {target}", file=sys.stderr)
    return 0


def _check_formats(formats: Sequence[str]) -> None:
    for name in formats:
        if name not in FORMATS:
            raise ConfigError(f"format={name}: no such format; there are {', '.join(FORMATS)}")


def _filter(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"filter={text}: must be KEY=VALUE")
    try:
        parsed = json.loads(value)
    except ValueError:
        return key, value
    # The frame stores lists as JSON text.
    return key, json.dumps(parsed) if isinstance(parsed, list) else parsed


def _say(error: GraphSSLError) -> int:
    print(f"graphssl-report: error: {plain(str(error))}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    main()

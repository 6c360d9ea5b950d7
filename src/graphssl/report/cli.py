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
from graphssl.report.formats.files import FORMATS, leaderboard_files
from graphssl.report.leaderboard import build_leaderboard
from graphssl.report.publish import publish, write
from graphssl.report.tables.definition import shipped_tables


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an expected error is printed as one line, with exit code 1."""
    options = _parser().parse_args(arguments)
    failed = 0
    try:
        formats = _formats(options.format)
        filters = dict(map(_filter, options.filter))
        metrics = tuple(options.metric.split(",")) if options.metric else ()
        names = options.figures.split(",") if options.figures else ()
        if options.leaderboard and (options.table or metrics or names):
            raise ConfigError("--leaderboard takes no --table, --metric or --figures")
    except GraphSSLError as error:
        sys.exit(_say(error))
    out = Path(options.out or Path(options.runs) / "report")
    if options.leaderboard:
        try:
            found = build_leaderboard(options.runs, filters, options.protocol)
            write(leaderboard_files(found, formats), out)
        except GraphSSLError as error:
            failed = _say(error)
        sys.exit(failed)
    for table in (options.table or "main").split(","):
        try:
            report = compose_report(options.runs, table, filters, options.protocol, metrics)
            publish(report, formats, names, out)
        except GraphSSLError as error:
            failed = _say(error)
    sys.exit(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="graphssl-report", description=__doc__)
    parser.add_argument("runs", help="folder of runs")
    parser.add_argument(
        "--leaderboard",
        action="store_true",
        help="list the settings that vary, best validation score first, instead of a table",
    )
    parser.add_argument(
        "--table",
        help=f"{', '.join(shipped_tables())}, or a yaml file; comma-separated (default: main)",
    )
    parser.add_argument(
        "--format", default="md", help=f"{', '.join(FORMATS)}; comma-separated (default: md)"
    )
    parser.add_argument("--figures", help="figures to draw, comma-separated (default: all)")
    parser.add_argument("--out", help="folder for the files (default: RUNS/report)")
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


def _formats(text: str) -> list[str]:
    formats = text.split(",")
    for name in formats:
        if name not in FORMATS:
            raise ConfigError(f"format={name}: no such format; there are {', '.join(FORMATS)}")
    return formats


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
    print(f"graphssl-report: error: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    main()

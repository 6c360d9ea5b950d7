"""``graphssl-report``: tables and figures of a folder of runs."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from graphssl.errors import ConfigError, GraphSSLError
from graphssl.report.build import compose_report
from graphssl.report.formats.files import FORMATS
from graphssl.report.publish import publish
from graphssl.report.tables.definition import shipped_tables


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point; an error that the user can mend is one line and exit code 1."""
    options = _parser().parse_args(arguments)
    failed = 0
    try:
        formats = _formats(options.format)
        filters = dict(map(_filter, options.filter))
        metrics = tuple(options.metric.split(",")) if options.metric else ()
        names = options.figures.split(",") if options.figures else ()
    except GraphSSLError as error:
        sys.exit(_say(error))
    for table in options.table.split(","):
        try:
            report = compose_report(options.runs, table, filters, options.protocol, metrics)
            publish(report, formats, names, Path(options.out or Path(options.runs) / "report"))
        except GraphSSLError as error:
            failed = _say(error)
    sys.exit(failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="graphssl-report", description=__doc__)
    parser.add_argument("runs", help="folder of runs")
    parser.add_argument(
        "--table",
        default="main",
        help=f"{', '.join(shipped_tables())}, or a yaml file; several with commas (default: main)",
    )
    parser.add_argument(
        "--format", default="md", help=f"{', '.join(FORMATS)}; several with commas (default: md)"
    )
    parser.add_argument("--figures", help="these alone, with commas (default: all that there are)")
    parser.add_argument("--out", help="folder for the files (default: RUNS/report)")
    parser.add_argument("--protocol", help="scores of this probe protocol only")
    parser.add_argument("--metric", help="measures in place of the table's own, with commas")
    parser.add_argument(
        "--filter",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="runs with this setting only, e.g. regularizer.alpha=0.1; may be given again",
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
        raise ConfigError(f"filter={text}: KEY=VALUE is needed")
    try:
        parsed = json.loads(value)
    except ValueError:
        return key, value
    # Lists are kept as JSON text in the frame.
    return key, json.dumps(parsed) if isinstance(parsed, list) else parsed


def _say(error: GraphSSLError) -> int:
    print(f"graphssl-report: error: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    main()

"""Text of ``graphssl --info RUN_FOLDER``: what a run was, how it ended, what it measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphssl.errors import DataError
from graphssl.metric_names import metric_label
from graphssl.report.formats.plain import plain
from graphssl.report.runs.records import command, read_runs


def run_info(folder: Path) -> str:
    """Format what the folder of one run contains.

    Raises:
        DataError: it does not exist, or is not the folder of one run.
    """
    runs = read_runs(folder)
    records = [record for record in runs.records if record.folder == folder]
    problems = [problem for problem in runs.problems if problem.folder == folder]
    if records:
        lines = dict(_finished(records[0].content))
    elif problems:
        (problem,) = problems
        lines = {"state": f"{problem.kind}: {problem.reason}", "command": problem.command}
    else:
        found = len(runs.records) + len(runs.problems)
        raise DataError(
            f"--info={folder}: not the folder of one run, but of {found}; "
            f"graphssl-report {folder} shows them"
        )
    lines["files"] = ", ".join(sorted(p.name for p in folder.iterdir() if p.name[0] != "."))
    width = max(map(len, lines))
    said = (f"{name:{width}}  {plain(text)}" for name, text in lines.items() if text)
    return "\n".join([str(folder), *said])


def _finished(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    training, graph, machine = content["training"], content["dataset"], content["environment"]
    yield "state", f"finished {content.get('created', '')}"
    yield "command", command(content.get("overrides"))
    yield "choices", ", ".join(f"{k} {v}" for k, v in content["choices"].items() if v is not None)
    counts = ("nodes", "edges", "features", "classes")
    yield (
        "graph",
        ", ".join([str(graph.get("name"))] + [f"{graph[k]} {k}" for k in counts if k in graph]),
    )
    seconds = training.get("seconds")
    took = "" if seconds is None else f" in {seconds:.1f} s"
    yield "training", f"{training.get('steps')} steps{took}, seed {content['seed']}"
    yield "kept", f"encoder: {content['selection']['metric']}"
    for protocol, scores in content["scores"].items():
        yield protocol, _scores(scores)
    for where, measures in content["diagnostics"].items():
        if "effective_rank_centred" in measures:
            of = f" of {measures['dimensions']}" if "dimensions" in measures else ""
            yield where, f"effective rank {measures['effective_rank_centred']:.1f}{of}"
    yield "version", f"behaviour version {content['behaviour_version']}"
    yield "commit", str(machine.get("git_commit") or "")


def _scores(entry: Mapping[str, Any]) -> str:
    metric = entry["metric"]
    means = [
        f"{part} {100 * sum(values) / len(values):.2f} %"
        for part, said in (("val", "validation"), ("test", "test"))
        if (values := entry[part].get(metric))
        for part in (said,)
    ]
    splits = len(entry["test"][metric])
    counted = "1 split" if splits == 1 else f"{splits} splits"
    return f"{metric_label(metric)} {', '.join(means)} ({counted})"

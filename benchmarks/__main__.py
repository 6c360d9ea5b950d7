"""All benchmarks in one table: ``make bench``, or ``python -m benchmarks --only step,memory``.

Under ten minutes on two cores, one thread each. Graphs come from ``GRAPHSSL_MIRROR`` or ``data/``;
a graph that is in neither is replaced by a random one of its size, which the table notes. Ctrl-C
prints the results so far.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import diagnostics, memory, probe_trained, startup, step, sweep, table
from benchmarks.measure import Row, machine

PARTS: dict[str, Callable[[], list[Row]]] = {
    "startup": startup.rows,
    "step": partial(step.rows, "gcn", list(step.GCN)),
    **{name: partial(step.rows, name, ["amazon_photo"]) for name in ("gat", "sage", "gin")},
    "diagnostics": diagnostics.rows,
    "memory": memory.rows,
    "probe": probe_trained.rows,
    "sweep": sweep.rows,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help="some of: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("runs/bench"), help="folder, %(default)s")
    options = parser.parse_args()
    names = options.only.split(",")
    if strange := set(names) - set(PARTS):
        parser.error(f"--only={options.only}: {', '.join(strange)} is none of {', '.join(PARTS)}")
    facts, rows, status = machine(), [], 0
    started = time.perf_counter()
    try:
        for name in names:
            print(
                f"{time.perf_counter() - started:4.0f} s  {name} ...", file=sys.stderr, flush=True
            )
            rows += PARTS[name]()
    except KeyboardInterrupt:
        status = 130
    facts["took"] = f"{time.perf_counter() - started:.0f} s" + (", interrupted" if status else "")
    print(table.write(rows, facts, options.out), end="")
    return status


if __name__ == "__main__":
    sys.exit(main())

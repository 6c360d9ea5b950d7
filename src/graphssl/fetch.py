"""``make data``: fetch and prepare named graphs ahead of a sweep, e.g. on a login node."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.config.messages import EXPECTED, describe


def main(names: Sequence[str]) -> int:
    """Fetch the datasets in ``names``; return the number of those that could not be fetched."""
    failed = 0
    for name in names:
        try:
            config, *_ = compose([f"dataset={name}"])
            graph = build.dataset(config).graph
        except EXPECTED as error:
            failed += 1
            print(f"{name}: {describe(error, [])}", file=sys.stderr)
        else:
            print(f"{name}: {graph.num_nodes} nodes, {graph.num_edges} edges", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))

"""The notebooks run from top to bottom, in an empty folder, and are kept with their outputs."""

import json
import os

import pytest
from tests.docs.pages import ROOT
from tests.forked import forked

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(path):
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def run(path):
    import matplotlib as mpl

    mpl.use("Agg")
    namespace = {"__name__": "__main__"}
    for number, cell in enumerate(cells(path), start=1):
        exec(compile("".join(cell["source"]), f"<{path.name}, cell {number}>", "exec"), namespace)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path):
    def reader():
        os.chdir(tmp_path)
        run(path)

    code, _, err = forked(reader, tmp_path / "log")
    assert code == 0, err


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_made(path):
    found = cells(path)
    assert [cell["execution_count"] for cell in found] == list(range(1, len(found) + 1))
    kinds = {output["output_type"] for cell in found for output in cell["outputs"]}
    assert kinds == {"stream", "display_data"}


def test_the_penalty_repairs_what_collapses(tmp_path):
    """The claim of notebooks/collapse.ipynb, from the numbers it is kept with."""
    (path,) = (path for path in NOTEBOOKS if path.stem == "collapse")
    text = "".join(t for cell in cells(path) for o in cell["outputs"] for t in o.get("text", []))
    ranks = {}
    for line in text.splitlines():
        if line.startswith("alpha"):
            alpha, last = line.split(",")[0], float(line.split("->")[1].split()[0])
            ranks.setdefault(alpha, []).append(last)
    assert max(ranks["alpha 0"]) < 0.3 * min(ranks["alpha 0.1"])


def test_there_are_two():
    assert {path.stem for path in NOTEBOOKS} == {"quickstart", "collapse"}

"""``graphssl embed``, ``graphssl.embed`` and ``graphssl probe``."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from tests.in_process import shell
from torch_geometric.data import Data

import graphssl
from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.errors import DataError
from graphssl.pipeline.embed_command import embed_command
from graphssl.pipeline.embedding_file import read_embeddings, write_embeddings
from graphssl.pipeline.probe_command import probe_command
from graphssl.results.record import RunRecord


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> RunRecord:
    folder = tmp_path_factory.mktemp("finished")
    return graphssl.run(
        ["dataset=karate", "recipe.channels=[8,4]", "recipe.predictor_channels=8",
         "trainer.steps=3", "trainer.eval_every=0", "trainer.device=cpu", "save_embeddings=true",
         f"paths.runs={folder / 'runs'}"]
    )  # fmt: skip


@pytest.fixture
def saved(finished) -> np.ndarray:
    with np.load(Path(finished.folder) / "embeddings.npz") as file:
        return file["embeddings"]


def karate_graph():
    return build.dataset(compose(["dataset=karate"])[0])


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".parquet"])
def test_embeddings_of_the_runs_own_graph_are_those_it_saved(finished, saved, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / f"e{suffix}"
    line = embed_command([finished.folder, f"out={out}"])
    assert line == f"karate: 34 nodes, 4 dimensions -> {out}"
    rows, ids = read_embeddings(out)
    assert np.array_equal(rows.astype(np.float32), saved)
    assert ids.astype(int).tolist() == list(range(34))
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_the_python_function_gives_the_same(finished, saved):
    dataset = karate_graph()
    data = Data(x=dataset.graph.x, edge_index=dataset.graph.edge_index, y=torch.zeros(34))
    for graph in (dataset, data):
        found = graphssl.embed(finished.folder, graph)
        assert np.array_equal(found.numpy(), saved)
    assert "y" in data  # the caller's graph is as it was


def test_another_graph_keeps_its_ids(finished, tmp_path):
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(6, 34)), "edge_index": rng.integers(0, 6, (2, 20))}
    np.savez(tmp_path / "new.npz", **arrays, node_id=np.array(list("fedcba")))
    out = tmp_path / "new.csv"
    embed_command(
        [finished.folder, "dataset=custom", f"dataset.path={tmp_path / 'new.npz'}", f"out={out}"]
    )
    table = pd.read_csv(out)
    assert table["node_id"].tolist() == list("fedcba")
    data = Data(**{key: torch.from_numpy(array) for key, array in arrays.items()})
    wanted = graphssl.embed(finished.folder, data).numpy()
    assert np.array_equal(table.drop(columns="node_id").to_numpy(np.float32), wanted)
    assert list(table) == ["node_id", "dim_0", "dim_1", "dim_2", "dim_3"]


def test_keys_of_the_runs_own_dataset_can_be_changed(finished, tmp_path, caplog):
    standardized = "dataset.transforms=[{_target_: graphssl.data.StandardizeFeatures}]"
    embed_command([finished.folder, standardized, f"out={tmp_path / 'e.npz'}"])
    assert "was trained with dataset.transforms=[], but these are [{'_target_'" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "usage: graphssl embed RUN .*got no arguments"),
        (["RUN", "other"], "usage: graphssl embed RUN .*; got "),
        (["none"], "none contains no record.json: not a finished run"),
        (["RUN", "out=e.txt"], "out=e.txt must end in one of .npz, .csv, .parquet"),
        (["RUN", "out=none/e.npz"], "out=none/e.npz: there is no folder none"),
        (["RUN", "objective=byol"], "objective=byol: has no effect here"),
        (["RUN", "dataset=cra"], "dataset=cra: no such option; did you mean"),
        (["RUN", "dataset.colour=red"], "dataset.* unexpected keyword argument 'colour'"),
        (["RUN", "dataset=sbm"], "was trained on karate with 34 features, but sbm has 64"),
    ],
)
def test_errors_of_embed_are_one_line(finished, tmp_path, monkeypatch, capsys, arguments, message):
    words = [finished.folder if word == "RUN" else word for word in arguments]
    code, lines = shell(monkeypatch, capsys, tmp_path, "embed", *words)
    assert code == 1
    assert len(lines) == 1, lines
    assert re.search(message, lines[0]), lines[0]
    assert not list(tmp_path.iterdir())


def test_a_folder_with_one_run_stands_for_it(finished, tmp_path):
    runs = Path(finished.folder).parent
    line = embed_command([str(runs), f"out={tmp_path / 'e.npz'}"])
    assert line.startswith("karate: 34 nodes")
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "record.json").touch()
    with pytest.raises(DataError, match=r"contains 2 runs: name one, e.g. .*a$"):
        embed_command([str(tmp_path)])


def test_code_of_others_is_not_run_unasked(finished, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    for path in Path(finished.folder).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    content = json.loads((folder / "record.json").read_text())
    content["config"]["dataset"]["_target_"] = "os.getcwd"
    (folder / "record.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"its dataset names os.getcwd, .*trust=true runs that"):
        embed_command([str(folder), f"out={tmp_path / 'e.npz'}"])


@pytest.mark.parametrize("width", [33, 35])
def test_graphs_of_another_width_are_refused(finished, width):
    data = Data(x=torch.ones(3, width), edge_index=torch.tensor([[0, 1], [1, 0]]))
    with pytest.raises(DataError, match=f"on karate with 34 features, but data has {width}"):
        graphssl.embed(finished.folder, data)


def test_an_embedding_that_is_not_finite_is_an_error(finished):
    data = Data(x=torch.full((3, 34), 3e38), edge_index=torch.tensor([[0, 1], [1, 0]]))
    with pytest.raises(DataError, match=r"embeddings of . of 3 nodes of data are not finite"):
        graphssl.embed(finished.folder, data)


def test_probing_saved_embeddings_gives_the_scores_of_the_run(finished, tmp_path):
    out = tmp_path / "scores.json"
    said = probe_command(
        [f"{finished.folder}/embeddings.npz", "dataset=karate", f"out={out}"]
    ).splitlines()
    found = json.loads(out.read_text())
    assert found["scores"].keys() == finished.scores.keys()
    for name, entry in found["scores"].items():
        assert entry.items() <= {**finished.scores[name]}.items()
    wanted = finished.diagnostics["representation"]
    assert {k: wanted[k] for k in found["diagnostics"]} == found["diagnostics"]
    assert found["dataset"]["hash"] == finished.dataset["hash"]
    assert said[0].startswith("karate: accuracy validation ")
    assert said[1].startswith("karate: 4 dimensions, ")


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".npy", ".parquet"])
def test_rows_are_joined_by_id_where_there_are_any(saved, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path, order = tmp_path / f"mine{suffix}", np.random.default_rng(0).permutation(34)
    if suffix == ".npy":
        np.save(path, saved)
    else:
        write_embeddings(path, saved[order], order)
    reference = tmp_path / "reference.npz"
    np.savez(reference, whatever=saved)
    lines = [probe_command([str(p), "dataset=karate"]) for p in (path, reference)]
    assert lines[0] == lines[1]


def npz(**arrays):
    return lambda path: np.savez(path, **arrays)


ROWS = np.eye(34, dtype="f4")
IDS = np.arange(34)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (npz(embeddings=ROWS[:33]), r"has 33 rows, but karate has 34 nodes; give node_id"),
        (npz(embeddings=ROWS, node_ids=IDS[:5]), "there are 5 node ids for 34 rows"),
        (npz(embeddings=ROWS, node_ids=IDS // 2), "node_id 0 is there twice"),
        (npz(embeddings=ROWS, node_ids=IDS + 1), "node_id 34 is not a node of karate, nor are 0"),
        (npz(embeddings=ROWS[1:], node_ids=IDS[1:]), "no row for 1 of the 34 nodes .* e.g. 0"),
        (npz(a=ROWS, b=ROWS), "has the arrays a, b; name the one"),
        (npz(embeddings=ROWS[0]), r"embeddings are float32 of shape \(34,\), not"),
        (npz(embeddings=np.where(ROWS == 1, np.nan, ROWS)), "dimension 0 of node 0 is nan; 34 of"),
        (npz(embeddings=ROWS.astype("U")), r"embeddings are <U32 of shape \(34, 34\)"),
        (npz(embeddings=ROWS.astype(object)), "cannot be read .*Python objects"),
        (lambda path: path.write_text("x"), "cannot be read .*not a zip file"),
        (lambda path: None, "mine.npz is not a file"),
    ],
)
def test_files_that_do_not_fit_are_one_line(tmp_path, write, message):
    path = tmp_path / "mine.npz"
    write(path)
    with pytest.raises(DataError, match=message) as error:
        probe_command([str(path), "dataset=karate"])
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("node_id,a\n0,1\n1,\n", "mine.csv: a is missing in row 2"),
        ("node_id,a\n0,1\n1,x\n", "mine.csv: a has '1', not numbers"),
        ("node_id\n0\n", "mine.csv has no column of numbers"),
        ("a\n1\n2\n", "mine.csv has 2 rows, but karate has 34 nodes"),
    ],
)
def test_tables_that_do_not_fit_are_one_line(tmp_path, text, message):
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        probe_command([str(tmp_path / "mine.csv"), "dataset=karate"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["e.npz"], "usage: graphssl probe EMBEDDINGS dataset=.*got no dataset="),
        (["e.npz", "dataset=karate", "out=s.txt"], "out=s.txt must end in .json"),
        (["e.txt", "dataset=karate"], "e.txt must end in one of .npz, .csv, .parquet, .npy"),
        (["e.npz", "dataset=karate", "seed=3"], "seed=3: has no effect here"),
        (["e.npz", "dataset=karate", "probe=[nome]"], "nome: no such option"),
    ],
)
def test_errors_of_probe_are_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    code, lines = shell(monkeypatch, capsys, tmp_path, "probe", *arguments)
    assert code == 1
    assert len(lines) == 1, lines
    assert re.search(message, lines[0]), lines[0]


def test_without_labels_only_measures_are_printed(saved, tmp_path):
    np.savez(tmp_path / "g.npz", x=np.eye(34), edge_index=np.array([[0, 1], [1, 0]]))
    np.save(tmp_path / "e.npy", saved)
    said = probe_command(
        [str(tmp_path / "e.npy"), "dataset=custom", f"dataset.path={tmp_path / 'g.npz'}"]
    )
    first, second = said.splitlines()
    assert first == "custom: not probed: no labels"
    assert "effective_rank_centred" in second

"""The id is known before the graph is loaded, and the content of its files is what counts."""

from __future__ import annotations

import gzip
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from graphssl.config import build
from graphssl.config.compose import compose
from graphssl.data.checksums import sha256
from graphssl.data.custom import CustomDataset
from graphssl.data.ogb_node import OGBDataset
from graphssl.data.pyg import PyGDataset
from graphssl.pipeline.request import run_id

PHOTO = "Amazon/Photo/raw"


@pytest.fixture
def photo(tmp_path: Path):
    """The configuration of Photo, with folders under ``tmp_path``."""

    def composed(*overrides: str, data: str = "data", mirror: str = "mirror"):
        paths = [f"paths.data={tmp_path / data}", f"paths.mirror={tmp_path / mirror}"]
        return compose(["dataset=amazon_photo", *paths, *overrides])[0]

    return composed


def put(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, folder)


def never(*args):
    raise AssertionError("loaded")


def test_other_raw_files_are_another_run_before_and_after_loading(
    photo, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = run_id(photo())  # files that are nowhere yet
    put(photo_file, tmp_path / "mirror" / PHOTO)
    with monkeypatch.context() as patch:
        patch.setattr(PyGDataset, "load", never)
        planned = run_id(photo())
    assert planned == run_id(photo(), build.dataset(photo())) != published
    assert (tmp_path / "data" / PHOTO).is_dir()
    assert run_id(photo(mirror="gone")) == planned  # now from paths.data
    put(photo_file, tmp_path / "elsewhere" / PHOTO)
    assert run_id(photo(data="elsewhere", mirror="gone")) == planned


def test_a_checksum_on_the_command_line_vouches_for_nothing(
    photo, photo_file: Path, tmp_path: Path
) -> None:
    put(photo_file, tmp_path / "mirror" / PHOTO)
    listed = f"dataset.checksums={{{photo_file.name}: [{sha256(photo_file)}]}}"
    assert run_id(photo(listed)) == run_id(photo())
    assert run_id(photo(listed), build.dataset(photo(listed))) == run_id(photo())
    assert run_id(photo(listed, f"+dataset.published={{{photo_file.name}: [0]}}")) != run_id(
        photo(mirror="gone", data="gone")
    )


def test_the_files_that_shipped_checksums_know_have_the_name_alone(
    photo, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = run_id(photo())
    put(photo_file, tmp_path / "mirror" / PHOTO)
    monkeypatch.setattr(build, "published", lambda: {photo_file.name: [sha256(photo_file)]})
    assert run_id(photo()) == run_id(photo(), build.dataset(photo())) == absent
    # whatever the configuration says of them
    assert run_id(photo("dataset.checksums={}")) == absent


def test_shipped_checksums_are_those_of_the_yaml() -> None:
    known = build.published()
    assert len(known["ind.cora.x"][0]) == 64
    assert {"ind.citeseer.x", "amazon_electronics_photo.npz"} < known.keys()


def test_pickles_that_are_trusted_are_other_files(
    cora_files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cora(*overrides: str):
        folders = (f"paths.data={tmp_path / 'data'}", f"paths.mirror={tmp_path / 'mirror'}")
        return compose(["dataset=cora", "dataset.trust=true", *folders, *overrides])[0]

    absent = run_id(cora())
    for file in cora_files.iterdir():
        put(file, tmp_path / "mirror/Planetoid/Cora/raw")
    first = run_id(cora())
    assert first == run_id(cora(), build.dataset(cora())) != absent
    path = tmp_path / "data/Planetoid/Cora/raw/ind.cora.ty"
    path.write_bytes(pickle.dumps(pickle.loads(path.read_bytes())[::-1], protocol=2))
    assert run_id(cora()) == run_id(cora(), build.dataset(cora())) != first


def test_a_custom_graph_is_known_by_its_bytes_without_loading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def saved(name: str, x: float):
        np.savez(tmp_path / name, x=np.full((4, 2), x), edge_index=[[0], [1]], y=[0, 1, 0, 1])
        return compose(["dataset=custom", f"dataset.path={tmp_path / name}"])[0]

    configs = [saved("a.npz", 1.0), saved("b.npz", 1.0), saved("c.npz", 2.0)]
    loaded = [run_id(config, build.dataset(config)) for config in configs]
    monkeypatch.setattr(CustomDataset, "load", never)
    assert [run_id(config) for config in configs] == loaded
    assert loaded[0] == loaded[1] != loaded[2]


@pytest.mark.parametrize("dataset", ["sbm", "csbm", "digits", "karate", "low_rank"])
def test_a_generated_graph_is_known_by_its_settings(dataset: str, monkeypatch) -> None:
    config, *_ = compose([f"dataset={dataset}"])
    loaded = run_id(config, build.dataset(config))
    monkeypatch.setattr(build, "dataset", never)
    assert run_id(config) == loaded


def test_ogb_s_raw_files_count(tmp_path: Path) -> None:
    home = tmp_path / "PygNodePropPredDataset/ogbn_arxiv"
    for part in ("raw/edge", "split/time/train"):
        path = home / f"{part}.csv.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(b"0,1\n", mtime=0))
    dataset = OGBDataset("ogbn_arxiv", "ogbn-arxiv")
    first = dataset.fingerprint(tmp_path / "data", tmp_path)
    assert first == dataset.fingerprint(tmp_path)
    path.write_bytes(gzip.compress(b"1\n", mtime=0))
    assert dataset.fingerprint(tmp_path) != first

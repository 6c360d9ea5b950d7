from __future__ import annotations

import hashlib
import logging
import multiprocessing
import os
import pickle
import shutil
import signal
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.datasets import Amazon, Planetoid
from torch_geometric.transforms import Constant, NormalizeFeatures

from graphssl.data.checksums import git_blob_id, sha256
from graphssl.data.pyg import PyGDataset
from graphssl.errors import ConfigError, DataError


def photo(**options) -> PyGDataset:
    options = {"pickle": False, **options}
    return PyGDataset("amazon_photo", partial(Amazon, name="Photo"), **options)


def cora(**options) -> PyGDataset:
    return PyGDataset("cora", partial(Planetoid, name="Cora"), **options)


def put(files: list[Path], folder: Path) -> None:
    folder.mkdir(parents=True)
    for file in files:
        shutil.copy(file, folder)


@pytest.fixture
def photo_mirror(photo_file: Path, tmp_path: Path) -> Path:
    put([photo_file], tmp_path / "mirror/Amazon/Photo/raw")
    return tmp_path / "mirror"


@pytest.fixture
def cora_mirror(cora_files: Path, tmp_path: Path) -> Path:
    put(list(cora_files.iterdir()), tmp_path / "mirror/Planetoid/Cora/raw")
    return tmp_path / "mirror"


def contents(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): sha256(p) for p in folder.rglob("*") if p.is_file()}


def visible(folder: Path) -> list[str]:
    """What lies in a data folder but for the lock files."""
    return [str(p) for p in folder.rglob("*") if not p.name.endswith(".lock")]


def test_mirror_is_read_and_never_written(
    photo_mirror: Path, photo_file: Path, tmp_path: Path, offline: None
) -> None:
    before = contents(photo_mirror)
    folders = [photo_mirror, *(p for p in photo_mirror.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        known = {"amazon_electronics_photo.npz": [sha256(photo_file)]}
        dataset = photo(published=known).load(tmp_path / "data", photo_mirror)
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert contents(photo_mirror) == before
    assert (dataset.graph.num_nodes, dataset.graph.num_edges, dataset.num_classes) == (12, 24, 3)
    assert dataset.train_mask is None
    assert dataset.fingerprint is None


def test_the_second_load_needs_neither_mirror_nor_network(
    photo_mirror: Path, tmp_path: Path, offline: None
) -> None:
    first = photo().load(tmp_path / "data", photo_mirror)
    second = photo().load(tmp_path / "data", None)
    assert torch.equal(first.graph.x, second.graph.x)
    assert torch.equal(first.graph.edge_index, second.graph.edge_index)


def test_loaded_graph_is_pyg_s_own(cora_mirror: Path, tmp_path: Path) -> None:
    ours = cora(trust=True).load(tmp_path / "data", cora_mirror)
    shutil.copytree(cora_mirror / "Planetoid", tmp_path / "plain")
    theirs = Planetoid(str(tmp_path / "plain"), "Cora")[0]
    assert torch.equal(ours.graph.x, theirs.x)
    assert torch.equal(ours.graph.edge_index, theirs.edge_index)
    assert torch.equal(ours.y, theirs.y)
    assert torch.equal(ours.train_mask[:, 0], theirs.train_mask)
    assert torch.equal(ours.test_mask[:, 0], theirs.test_mask)


def test_a_change_of_transforms_takes_effect(photo_mirror: Path, tmp_path: Path) -> None:
    plain = photo().load(tmp_path / "data", photo_mirror)
    rows = photo(transforms=[NormalizeFeatures()]).load(tmp_path / "data", photo_mirror)
    wider = photo(transforms=[Constant()]).load(tmp_path / "data", photo_mirror)
    assert plain.graph.x.max() == 1
    expected = plain.graph.x / plain.graph.x.sum(1, keepdim=True).clamp(min=1)
    torch.testing.assert_close(rows.graph.x, expected)
    assert wider.graph.num_features == plain.graph.num_features + 1


def test_a_processed_graph_that_holds_code_is_refused(photo_mirror: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "evil",)

    photo().load(tmp_path / "data", photo_mirror)
    (processed,) = (tmp_path / "data").rglob("data.pt")
    torch.save(Evil(), processed)
    with pytest.raises(DataError, match=rf"^amazon_photo: {processed} has been modified"):
        photo().load(tmp_path / "data", photo_mirror)
    assert not (tmp_path / "evil").exists()


def test_other_raw_files_do_not_meet_an_old_processed_graph(
    photo_mirror: Path, tmp_path: Path
) -> None:
    photo().load(tmp_path / "data", photo_mirror)
    raw = tmp_path / "data/Amazon/Photo/raw/amazon_electronics_photo.npz"
    arrays = dict(np.load(raw))
    np.savez(raw, **{**arrays, "labels": arrays["labels"][::-1]})
    assert photo().load(tmp_path / "data").y.tolist() == arrays["labels"][::-1].tolist()


@pytest.mark.parametrize("digest", [sha256, git_blob_id])
def test_known_pickles_are_read_without_a_warning(
    cora_mirror: Path, tmp_path: Path, digest, caplog: pytest.LogCaptureFixture
) -> None:
    files = (cora_mirror / "Planetoid/Cora/raw").iterdir()
    known = {file.name: [digest(file)] for file in files}
    assert cora(checksums=known).load(tmp_path / "data", cora_mirror).graph.num_nodes == 600
    assert caplog.records == []


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> object:
        return Path.touch, (self.marker,)


@pytest.mark.parametrize("where", ["mirror", "data", "download"])
def test_a_strange_pickle_is_refused_before_it_is_read(
    cora_files: Path, cora_server, tmp_path: Path, where: str
) -> None:
    known = {file.name: [sha256(file)] for file in cora_files.iterdir()}
    marker = tmp_path / "exploded"
    (cora_files / "ind.cora.graph").write_bytes(pickle.dumps(Bomb(marker)))
    data, mirror = tmp_path / "data", tmp_path / "mirror"
    if where != "download":
        put(list(cora_files.iterdir()), tmp_path / where / "Planetoid/Cora/raw")
    with pytest.raises(DataError, match=r"cora: .*ind\.cora\.graph matches no known checksum"):
        cora(checksums=known).load(data, mirror)
    assert not marker.exists()
    if where != "data":
        assert visible(data) == []


def test_a_strange_archive_is_used_with_a_warning(
    photo_mirror: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = {"amazon_electronics_photo.npz": ["0" * 64]}
    strange = photo(checksums=known).load(tmp_path / "data", photo_mirror)
    assert strange.fingerprint is not None  # another graph than the name tells: another run
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "amazon_photo: amazon_electronics_photo.npz matches no" in record.getMessage()


def test_download(photo_server, photo_file: Path, tmp_path: Path) -> None:
    dataset = photo().load(tmp_path / "data", tmp_path / "empty_mirror")
    assert dataset.graph.num_edges == 24
    raw = tmp_path / "data/Amazon/Photo/raw/amazon_electronics_photo.npz"
    assert raw.read_bytes() == photo_file.read_bytes()
    assert photo_server.gets == {photo_file.name: 1}


def test_download_of_many_files(cora_server, cora_files: Path, tmp_path: Path) -> None:
    known = {file.name: [sha256(file)] for file in cora_files.iterdir()}
    dataset = cora(checksums=known).load(tmp_path / "data")
    assert dataset.graph.num_nodes == 600
    assert int(dataset.train_mask.sum()) == 30


@pytest.mark.parametrize("dataset", [photo(), cora()])
def test_missing_graph_is_one_clear_error_and_leaves_nothing(
    dataset: PyGDataset, offline: None, tmp_path: Path
) -> None:
    start = time.perf_counter()
    data, mirror = tmp_path / "data", tmp_path / "mirror"
    with pytest.raises(DataError) as error:
        dataset.load(data, mirror)
    assert time.perf_counter() - start < 5
    message = str(error.value)
    place = "Amazon/Photo/raw" if dataset.name == "amazon_photo" else "Planetoid/Cora/raw"
    file = "amazon_electronics_photo.npz" if dataset.name == "amazon_photo" else "ind.cora.allx"
    assert message.startswith(f"{dataset.name}: ")
    assert file in message
    assert f"not found in {data / place} or {mirror / place}" in message
    assert "download failed (" in message
    assert message.endswith(f"into {mirror / place}")
    assert "\n" not in message
    assert visible(data) == []


def test_a_partial_mirror_is_filled_by_the_download(
    cora_server, cora_files: Path, cora_mirror: Path, tmp_path: Path
) -> None:
    (cora_mirror / "Planetoid/Cora/raw/ind.cora.allx").unlink()
    before = contents(cora_mirror)
    assert cora(trust=True).load(tmp_path / "data", cora_mirror).graph.num_nodes == 600
    assert contents(cora_mirror) == before


# NumPy leaves an archive that it cannot open open
leaky = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@leaky
@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"not a zip", lambda b: b""]
)
def test_a_corrupted_raw_file_is_one_clear_error(
    photo_mirror: Path, tmp_path: Path, offline: None, damage
) -> None:
    raw = photo_mirror / "Amazon/Photo/raw/amazon_electronics_photo.npz"
    raw.write_bytes(damage(raw.read_bytes()))
    with pytest.raises(DataError, match=r"^amazon_photo: a raw file is corrupted") as error:
        photo().load(tmp_path / "data", photo_mirror)
    assert "\n" not in str(error.value)
    assert visible(tmp_path / "data") == []


@leaky
def test_a_download_cut_short_is_not_taken_for_whole(
    photo_server, photo_file: Path, tmp_path: Path
) -> None:
    whole = photo_file.read_bytes()
    photo_file.write_bytes(whole[:-30])
    with pytest.raises(DataError, match="corrupted"):
        photo().load(tmp_path / "data")
    assert visible(tmp_path / "data") == []
    photo_file.write_bytes(whole)
    assert photo().load(tmp_path / "data").graph.num_nodes == 12


def _load_in_child(data: Path, results) -> None:
    torch.set_num_threads(1)
    dataset = photo().load(data)
    results.put((dataset.graph.num_nodes, dataset.graph.num_edges))


def _children(number: int, data: Path):
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    children = [fork.Process(target=_load_in_child, args=(data, results)) for _ in range(number)]
    with warnings.catch_warnings():
        # newer Pythons warn of a fork while the server's thread runs; the child never uses it
        warnings.simplefilter("ignore", DeprecationWarning)
        for child in children:
            child.start()
    return children, results


def test_eight_jobs_at_once_fetch_once(photo_server, photo_file: Path, tmp_path: Path) -> None:
    photo_server.go_on.clear()
    children, results = _children(8, tmp_path / "data")
    time.sleep(0.5)
    photo_server.go_on.set()
    assert [results.get(timeout=20) for _ in children] == [(12, 24)] * 8
    for child in children:
        child.join(20)
    assert [child.exitcode for child in children] == [0] * 8
    assert photo_server.gets == {photo_file.name: 1}


def test_a_job_killed_while_fetching_does_no_harm(photo_server, tmp_path: Path) -> None:
    photo_server.go_on.clear()
    (child,), _ = _children(1, tmp_path / "data")
    deadline = time.monotonic() + 20
    while not photo_server.gets:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.join(20)
    assert any(".staging" in path for path in visible(tmp_path / "data"))
    photo_server.go_on.set()
    assert photo().load(tmp_path / "data").graph.num_nodes == 12
    assert not any(".staging" in path for path in visible(tmp_path / "data"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_data_folder(photo_mirror: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o555)
    with pytest.raises(DataError, match=r"cannot be prepared under paths\.data="):
        photo().load(tmp_path / "data", photo_mirror)


def test_a_data_folder_that_is_a_file(photo_mirror: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(DataError, match=r"cannot be prepared under paths\.data="):
        photo().load(tmp_path / "data", photo_mirror)


def test_arguments_pyg_refuses(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Amazon refuses \{'name': 'Books'\}"):
        PyGDataset("books", partial(Amazon, name="Books")).load(tmp_path)


def test_every_raw_file_is_hashed_once_and_the_processed_graph_read_once(
    photo_mirror: Path, photo_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = photo(published={photo_file.name: [sha256(photo_file)]})
    dataset.load(tmp_path / "data", photo_mirror)
    hashed: list[str] = []
    read: list[str] = []
    digest, load = hashlib.file_digest, torch.load

    def noting_digest(file, kind):
        hashed.append(file.name)
        return digest(file, kind)

    def noting_load(path, *args, **options):
        read.append(str(path))
        return load(path, *args, **options)

    monkeypatch.setattr(hashlib, "file_digest", noting_digest)
    monkeypatch.setattr(torch, "load", noting_load)
    dataset = photo(published={photo_file.name: [sha256(photo_file)]})
    (tmp_path / "data/Amazon/Photo/raw" / photo_file.name).touch()  # as new to this process
    hashed.clear()
    assert dataset.fingerprint(tmp_path / "data", photo_mirror) is None
    dataset.load(tmp_path / "data", photo_mirror)
    assert [Path(name).name for name in hashed] == [photo_file.name]
    assert [Path(path).name for path in read] == ["data.pt"]

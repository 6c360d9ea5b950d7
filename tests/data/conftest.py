"""Small raw files in the published formats, and a server on loopback."""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from torch_geometric.datasets import Amazon, Planetoid


@pytest.fixture
def photo_file(tmp_path: Path) -> Path:
    """A ring of 12 nodes with 5 features and 3 classes, in the format of Amazon Photo."""
    x = sp.random(12, 5, density=0.6, format="csr", rng=np.random.default_rng(0)) + sp.eye(12, 5)
    x = sp.csr_matrix(x)
    ring = sp.csr_matrix((np.ones(12), (np.arange(12), (np.arange(12) + 1) % 12)), (12, 12))
    path = tmp_path / "served" / "amazon_electronics_photo.npz"
    path.parent.mkdir()
    parts = {"attr": x.astype("f4"), "adj": ring.astype("f4")}
    arrays = {
        f"{name}_{field}": getattr(matrix, field)
        for name, matrix in parts.items()
        for field in ("data", "indices", "indptr", "shape")
    }
    np.savez(path, labels=np.arange(12) % 3, **arrays)
    return path


@pytest.fixture
def cora_files(tmp_path: Path) -> Path:
    """A folder with 560 + 40 nodes, 6 features and 3 classes, in the format of Planetoid."""
    folder = tmp_path / "planetoid"
    folder.mkdir()
    rng = np.random.default_rng(0)
    one_hot = np.eye(3, dtype="i4")[np.arange(600) % 3]
    features = sp.csr_matrix((rng.random((600, 6)) < 0.5).astype("f4"))
    parts = {
        "x": features[:30],
        "y": one_hot[:30],
        "allx": features[:560],
        "ally": one_hot[:560],
        "tx": features[560:],
        "ty": one_hot[560:],
        "graph": {i: [(i + 1) % 600, (i - 1) % 600] for i in range(600)},
    }
    for name, part in parts.items():
        (folder / f"ind.cora.{name}").write_bytes(pickle.dumps(part, protocol=2))
    (folder / "ind.cora.test.index").write_text("".join(f"{i}\n" for i in range(560, 600)))
    return folder


class Server:
    """Files of a folder over HTTP; counts the requests, and can stall every one of them."""

    def __init__(self, folder: Path) -> None:
        self.gets: Counter[str] = Counter()
        self.go_on = threading.Event()
        self.go_on.set()
        server = self

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                server.gets[self.path.rpartition("/")[2]] += 1
                server.go_on.wait(30)
                super().do_GET()

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def photo_server(photo_file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(photo_file.parent)
    monkeypatch.setattr(Amazon, "url", server.url)
    yield server
    server.go_on.set()
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def cora_server(cora_files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(cora_files)
    monkeypatch.setattr(Planetoid, "url", server.url.rstrip("/"))
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every download meets a port where nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler)
    port = server.server_address[1]
    server.server_close()
    monkeypatch.setattr(Amazon, "url", f"http://127.0.0.1:{port}/")
    monkeypatch.setattr(Planetoid, "url", f"http://127.0.0.1:{port}")

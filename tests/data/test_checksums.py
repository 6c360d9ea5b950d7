from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from graphssl.data.checksums import Checksums, fingerprint, git_blob_id, sha256
from graphssl.errors import DataError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ind.cora.x"
    path.write_bytes(b"hello\n")
    return path


def test_git_blob_id_is_git_s(file: Path) -> None:
    # `printf 'hello\n' | git hash-object --stdin`
    assert git_blob_id(file) == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.parametrize("digest", [sha256, git_blob_id])
def test_either_checksum_may_match(file: Path, digest) -> None:
    known = {file.name: ["0" * 64, digest(file)]}
    assert Checksums(known).strangers([file]) == []


def test_a_checksum_of_another_file_does_not_match(file: Path) -> None:
    known = {"ind.cora.y": [sha256(file)]}
    assert Checksums(known, pickle=False).strangers([file]) == [file.name]


def test_a_strange_pickle_is_refused_in_one_line_that_names_it(file: Path) -> None:
    digest = hashlib.sha256(b"hello\n").hexdigest()
    with pytest.raises(DataError, match=r"dataset\.trust=true") as error:
        Checksums({file.name: ["0" * 64]}).strangers([file])
    assert str(file) in str(error.value)
    assert digest in str(error.value)
    assert "\n" not in str(error.value)


def test_trust_accepts_it(file: Path) -> None:
    assert Checksums({}, trust=True).strangers([file]) == [file.name]


def test_fingerprint_changes_with_bytes_and_context(file: Path) -> None:
    before = fingerprint([file], "a")
    assert before == fingerprint([file], "a")
    assert before != fingerprint([file], "b")
    file.write_bytes(b"hello!")
    assert before != fingerprint([file], "a")


def test_a_file_that_was_written_or_replaced_is_read_again(tmp_path: Path) -> None:
    path, other = tmp_path / "raw", tmp_path / "other"
    path.write_bytes(b"one")
    status, first = path.stat(), sha256(path)
    path.write_bytes(b"two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a copy that keeps times
    assert sha256(path) == hashlib.sha256(b"two").hexdigest() != first
    other.write_bytes(b"six")
    os.replace(other, path)
    assert sha256(path) == hashlib.sha256(b"six").hexdigest()

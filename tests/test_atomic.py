import os
import resource
import signal

import pytest

from graphssl.atomic import PARTIAL, replace_text, replacing


def test_the_new_content_takes_the_place_of_the_old(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    replace_text(path, "new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["file"]


def test_until_the_block_ends_a_reader_sees_the_old_content(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_content_and_no_remains(tmp_path, error):
    path = tmp_path / "file"
    path.write_text("old")

    def fail():
        with replacing(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_what_a_killed_writer_left_harms_nobody(tmp_path):
    path = tmp_path / "file"
    pid = os.fork()
    if pid == 0:
        with replacing(path) as file:
            file.write(b"half of something long")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".file.")
    assert left.endswith(PARTIAL)
    replace_text(path, "new")
    assert path.read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == [left, "file"]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    path = tmp_path / "file"
    with replacing(path) as first, replacing(path) as second:
        first.write(b"first, which ends last")
        second.write(b"second")
    assert path.read_text() == "first, which ends last"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_in_the_way_is_named_and_not_the_partial_file(tmp_path):
    path = tmp_path / "file"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory") as raised:
        replace_text(path, "new")
    assert (raised.value.filename, raised.value.filename2) == (str(path), None)
    assert os.listdir(tmp_path) == ["file"]


def test_a_full_disk_names_the_file_and_leaves_the_old_content(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        try:
            replace_text(path, "more than ten bytes")
        except OSError as error:
            os._exit(0 if error.filename == str(path) else 1)
        os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_bytes_reach_the_disk_before_the_name_does(tmp_path, monkeypatch):
    happened = []
    fsync, replace = os.fsync, os.replace

    def noting_fsync(descriptor):
        happened.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        fsync(descriptor)

    def noting_replace(*args, **kwargs):
        happened.append("rename")
        replace(*args, **kwargs)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    monkeypatch.setattr(os, "replace", noting_replace)
    monkeypatch.setattr("pathlib.os.replace", noting_replace)
    replace_text(tmp_path / "file", "x")
    assert happened == ["file", "rename", "folder"]

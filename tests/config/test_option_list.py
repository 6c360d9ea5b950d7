"""``graphssl list``: each option of a group with what its file says first."""

import sys

import pytest

from graphssl.cli import main
from graphssl.config.folder import config_dir
from graphssl.config.option_list import list_text
from graphssl.errors import ConfigError


def test_every_shipped_option_has_one_line_that_says_something():
    for folder in config_dir().iterdir():
        if not folder.is_dir() or folder.name == "hydra":
            continue
        lines = list_text([folder.name]).splitlines()
        options = sorted(path.stem for path in folder.glob("*.yaml"))
        assert [line.split()[0] for line in lines] == options
        if folder.name != "recipe":
            assert all(len(line.split()) > 1 for line in lines), folder.name


def test_a_sentence_ends_at_its_period_and_custom_options_are_listed(tmp_path):
    own = tmp_path / "encoder" / "mine.yaml"
    own.parent.mkdir()
    own.write_text(
        "# @package _global_\n# Mine (A et al. 2020),\n# two lines. Not this.\n_target_: x\n"
    )
    lines = list_text(["encoders", "--config-dir", str(tmp_path)]).splitlines()
    (line,) = [x for x in lines if x.startswith("mine ")]
    assert line.split(maxsplit=1)[1] == "Mine (A et al. 2020), two lines"
    assert any(x.startswith("gcn ") for x in lines)


def test_groups_and_typing_errors(monkeypatch, capsys):
    assert {"datasets", "diagnostics"} <= {x.split()[0] for x in list_text([]).splitlines()}
    with pytest.raises(ConfigError, match=r"list datsets: no such group; did you mean datasets\?"):
        list_text(["datsets"])
    monkeypatch.setattr(sys, "argv", ["graphssl", "list", "loggers"])
    main()
    assert capsys.readouterr().out == list_text(["loggers"]) + "\n"

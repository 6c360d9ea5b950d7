"""A built wheel finds its configuration from anywhere; an sdist has what its tests read."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from graphssl.config.folder import config_dir

ROOT = Path(__file__).parents[1]


def test_the_checkout_uses_the_conf_at_its_root():
    assert config_dir() == ROOT / "conf"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A folder that holds the sdist and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def site(built):
    """A folder that holds the installed wheel and nothing else of ours."""
    (wheel,) = built.glob("graphssl_werank-*.whl")
    site = built / "site"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, capture_output=True)
    return site


@pytest.mark.parametrize("args", [("--cfg", "job"), ("--help",), ("--version",)])
def test_the_installed_command_runs_from_another_folder(site, tmp_path, args):
    done = subprocess.run(
        [sys.executable, str(site / "bin" / "graphssl"), *args],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.slow
def test_a_run_from_another_folder(site, tmp_path):
    done = subprocess.run(
        [sys.executable, str(site / "bin" / "graphssl"), "dataset=karate", "trainer.steps=2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("runs/*/record.json"))) == 1


def test_the_wheel_holds_its_own_conf(site):
    code = "import graphssl.config.folder as c; print(c.config_dir())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        cwd=site,
    )
    assert done.stdout.strip() == str(site / "graphssl" / "conf")
    shipped = {p.relative_to(site / "graphssl" / "conf") for p in site.rglob("conf/**/*.yaml")}
    assert shipped == {p.relative_to(ROOT / "conf") for p in (ROOT / "conf").rglob("*.yaml")}
    assert (site / "graphssl" / "py.typed").exists()


def test_the_sdist_can_run_its_own_tests(built):
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as content:
        shipped = {name.partition("/")[2] for name in content.getnames()}
    folders = ("src", "conf", "tests", "benchmarks", "docs", "notebooks")
    files = [p for folder in folders for p in (ROOT / folder).rglob("*.*") if p.is_file()]
    made = ("__pycache__", "docs/notebooks/", ".egg-info/")  # ignored by git
    wanted = {p.relative_to(ROOT).as_posix() for p in files}
    wanted = {name for name in wanted if not any(part in name for part in made)}
    top = {"README.md", "CONTRIBUTING.md", "Makefile", "constraints.txt", "pyproject.toml"}
    assert wanted | top <= shipped

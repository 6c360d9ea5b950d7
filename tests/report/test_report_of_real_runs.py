"""Pages of runs as users have them, in a real browser: the demo's rows, a default run."""

import os
import shutil
import subprocess

import pytest

import graphssl
from graphssl.examples.demo import ROWS
from graphssl.report.cli import main
from graphssl.report.figures.kinds import FIGURES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Texts of figures whose colour is black on the dark page; the page's own colour is light.
SCRIPT = """<script>
const dark = [...document.querySelectorAll('svg g[id*="text_"] g')].filter(
  g => getComputedStyle(g).fill === "rgb(0, 0, 0)").length;
document.body.dataset.dark = dark;
document.body.dataset.light = matchMedia("(prefers-color-scheme: dark)").matches;
document.body.dataset.wide = document.documentElement.scrollWidth > innerWidth;
</script></body>"""


def page_in_browser(path, profile):
    path.write_text(path.read_text().replace("</body>", SCRIPT))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--window-size=500,900"]
    flags += [f"--user-data-dir={profile}", "--blink-settings=preferredColorScheme=0"]
    return subprocess.run(
        [CHROMIUM, *flags, f"file://{path}"], capture_output=True, text=True, timeout=120
    ).stdout


def check_page(runs, out, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(runs), "--format", "html", "--out", str(out), *arguments])
    assert caught.value.code == 0
    (path,) = out.glob("*.html")
    text = path.read_text()
    drawn = [kind for kind in FIGURES.values() if f"{kind.caption}</figcaption>" in text]
    assert len(drawn) == text.count("<figure>") >= 4
    if CHROMIUM:
        shown = page_in_browser(path, out / "profile")
        assert shown.count("<table") == text.count("<table") > 0
        assert 'data-light="true"' in shown
        assert 'data-dark="0"' in shown
        assert 'data-wide="false"' in shown


@pytest.mark.slow
def test_the_rows_of_the_demo(tmp_path):
    small = ["dataset=karate", "trainer.steps=4", "trainer.eval_every=2", "recipe.channels=[8,4]"]
    for overrides in ROWS.values():
        graphssl.run([*overrides, *small, f"paths.runs={tmp_path / 'runs'}"])
    check_page(tmp_path / "runs", tmp_path / "all")


@pytest.mark.slow
@pytest.mark.skipif("GRAPHSSL_MIRROR" not in os.environ, reason="needs Cora")
def test_a_default_run_on_cora(tmp_path):
    graphssl.run(["dataset=cora", f"paths.runs={tmp_path / 'runs'}", "trainer.steps=20"])
    check_page(tmp_path / "runs", tmp_path / "all")
    check_page(tmp_path / "runs", tmp_path / "main", "--table", "main")

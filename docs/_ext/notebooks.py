"""A Sphinx extension: shows ``notebooks/*.ipynb`` as pages ``notebooks/<name>``, outputs included.

A notebook is JSON with Markdown, code, printed text and PNGs, so it is written out as Markdown
before the build; myst-nb would bring a whole Jupyter for it. Tests run the notebooks.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

SOURCE = Path(__file__).parents[2] / "notebooks"


def markdown(notebook: dict[str, Any], name: str) -> tuple[str, dict[str, bytes]]:
    """Return a notebook as Markdown, and its images by file name."""
    parts, images = [], {}
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            text = "".join(output.get("text", []) or data.get("text/plain", []))
            if "image/png" in data:
                image = f"{name}-{number}.png"
                images[image] = base64.b64decode("".join(data["image/png"]))
                parts.append(f"![Figure drawn by the cell above]({image})")
            elif text:
                parts.append(f"```text\n{text.rstrip()}\n```")
    return "\n\n".join(parts) + "\n", images


def _write(app: Sphinx) -> None:
    pages = Path(app.srcdir) / "notebooks"
    for path in sorted(SOURCE.glob("*.ipynb")):
        text, images = markdown(json.loads(path.read_text(encoding="utf-8")), path.stem)
        for name, content in {f"{path.stem}.md": text.encode(), **images}.items():
            page = pages / name
            page.parent.mkdir(exist_ok=True)
            if not page.exists() or page.read_bytes() != content:  # else all is built anew
                page.write_bytes(content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for them."""
    app.connect("config-inited", lambda app, config: _write(app))
    return {"parallel_read_safe": True}

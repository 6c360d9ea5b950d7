"""Every dataset with its recipe, and every option of other groups: none changes by accident.

After a change on purpose, write the snapshot anew and read its diff:

    python tests/test_golden_configs.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graphssl.config.compose import compose, resolved
from graphssl.config.folder import config_dir

GOLDEN = Path(__file__).parent / "golden/configs.json"
# What a dataset and its recipe decide.
OF_DATASET = ("dataset", "probe", "recipe", "encoder", "augmentation", "optimizer", "objective")
# What an option of these decides by itself.
GROUPS = (
    "encoder", "norm", "act", "parametrization", "augmentation", "regularizer", "optimizer",
    "probe",
)  # fmt: skip


def options(group: str) -> list[str]:
    return sorted(path.stem for path in (config_dir() / group).glob("*.yaml"))


CASES = {
    **{f"dataset={name}": OF_DATASET for name in options("dataset")},
    **{f"objective={name}": ("objective", "encoder", "optimizer") for name in options("objective")},
    **{f"{group}={name}": (group,) for group in GROUPS for name in options(group)},
}


def composed(case: str) -> dict[str, Any]:
    path = ["dataset.path=mine.npz"] if case == "dataset=custom" else []
    plain = resolved(compose([case, *path])[0])
    return {group: plain[group] for group in CASES[case]} | {"steps": plain["trainer"]["steps"]}


@pytest.mark.parametrize("case", CASES)
def test_what_is_composed_is_what_it_was(case: str) -> None:
    # as text: the order of transforms counts, as does that of the parts of a view
    golden = json.loads(GOLDEN.read_text())[case]
    assert json.dumps(composed(case), indent=1) == json.dumps(golden, indent=1)


def test_no_case_is_left_over() -> None:
    assert json.loads(GOLDEN.read_text()).keys() == CASES.keys()


def test_every_recipe_belongs_to_a_dataset_and_is_in_the_snapshot() -> None:
    golden = json.loads(GOLDEN.read_text())
    default = golden["dataset=digits"]["recipe"]
    for recipe in options("recipe"):
        assert golden[f"dataset={recipe.removeprefix('bgrl_')}"]["recipe"] != default, recipe


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps({case: composed(case) for case in CASES}, indent=1) + "\n")

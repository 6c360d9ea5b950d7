"""The rooms import only rooms to their left, and only build calls instantiate."""

import ast
from pathlib import Path

import graphssl

PACKAGE = Path(graphssl.__file__).parent
# Data moves from left to right.
ROOMS = [
    "data", "augmentation", "encoders", "objectives", "regularizers", "training", "diagnostics",
    "probing", "results", "report",
]  # fmt: skip
# What every room may import: contracts and facts, no behaviour of another room.
SHARED = {"contracts", "errors", "graph", "metric_names", "schedules", "seeding", "version"}
LIGHT = {"torch", "torch_geometric", "hydra"}


def imports(path: Path, also_inside_functions: bool = True):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if also_inside_functions else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_every_folder_is_a_known_room():
    found = {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists()}
    assert found == set(ROOMS)


def test_rooms_import_only_to_their_left():
    wrong = []
    for position, room in enumerate(ROOMS):
        allowed = SHARED | set(ROOMS[: position + 1])
        for path in (PACKAGE / room).rglob("*.py"):
            for name in imports(path):
                parts = name.split(".")
                if parts[0] == "graphssl" and parts[1:] and parts[1] not in allowed:
                    wrong.append(f"{path.relative_to(PACKAGE)} imports {name}")
    assert not wrong


def test_rooms_know_nothing_of_hydra():
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for room in ROOMS
        for path in (PACKAGE / room).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] == "hydra"
    ]
    assert not wrong


def test_only_build_calls_instantiate():
    callers = [
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "instantiate(" in path.read_text(encoding="utf-8")
    ]
    assert callers == ["config/build.py"]


def test_report_and_command_line_import_no_torch():
    for path in [*(PACKAGE / "report").rglob("*.py"), PACKAGE / "cli.py"]:
        heavy = {name.split(".")[0] for name in imports(path, also_inside_functions=False)}
        assert not heavy & (LIGHT if path.parent.name == "report" else LIGHT - {"hydra"}), path

"""Imports run one way, in every module; only config/build.py calls instantiate."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import graphssl

PACKAGE = Path(graphssl.__file__).parent
# What every room may import: contracts and facts, no behaviour of another room.
GROUND_FLOOR = [
    "atomic", "checks", "contracts", "errors", "graph", "graph_cache", "locks", "metric_names",
    "schedules", "seeding", "shell", "terminal", "version",
]  # fmt: skip
# Data moves from left to right.
ROOMS = [
    "data", "augmentation", "encoders", "objectives", "regularizers", "training", "diagnostics",
    "probing", "results", "report", "config", "pipeline", "sweeps",
]  # fmt: skip
# What starts a program, or hands out the public names.
DOORS = ["cli", "demo", "examples", "fetch", "__init__", "__main__"]
HEAVY = {"torch", "torch_geometric", "sklearn"}
# Imported by PyG or only where they are used.
LATE = {"sklearn", "scipy.stats", "scipy.sparse", "pandas", "matplotlib"}
# Imported before a command is understood, or by a report: without torch.
LIGHT = [
    "cli", "config.compose", "config.folder", "config.help_text", "config.messages",
    "config.option_list", "config.user_frames", "results.identity", "results.public_names",
    "sweeps.launcher", "sweeps.outcomes", "sweeps.progress", "terminal",
]  # fmt: skip


def module_of(path: Path) -> str:
    name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports(path: Path, also_inside_functions: bool = True):
    """Full names: ``graphssl.config.build`` for ``from graphssl.config import build`` too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if also_inside_functions else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner.removeprefix("graphssl.") in MODULES else node.module


def own_imports(path: Path, **options: bool) -> set[str]:
    names = {name for name in imports(path, **options) if name.split(".")[0] == "graphssl"}
    return {name.removeprefix("graphssl").removeprefix(".") or "__init__" for name in names}


def test_every_module_has_a_place():
    top = {name.split(".")[0] for name in MODULES}
    assert top == {*GROUND_FLOOR, *ROOMS, *DOORS}


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module):
    place = module.split(".")[0]
    if place in DOORS:
        return
    left = ROOMS[: ROOMS.index(place) + 1] if place in ROOMS else []
    allowed = {*GROUND_FLOOR, *left}
    wrong = {n for n in own_imports(MODULES[module]) if n.split(".")[0] not in allowed}
    assert not wrong


def test_no_module_imports_itself_by_way_of_others():
    graph = {
        # a room's __init__ hands out names, it is no stop on the way
        name: {n for n in own_imports(path, also_inside_functions=False) if n in MODULES} - {name}
        for name, path in MODULES.items()
        if path.name != "__init__.py"
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_rooms_know_nothing_of_hydra():
    rooms = ROOMS[: ROOMS.index("config")]
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        if module.split(".")[0] in rooms
        for name in imports(path)
        if name.split(".")[0] == "hydra"
    ]
    assert not wrong


def test_only_build_calls_instantiate():
    callers = [m for m, path in MODULES.items() if "instantiate(" in path.read_text("utf-8")]
    assert callers == ["config.build"]


@pytest.mark.parametrize("module", [*LIGHT, *(m for m in MODULES if m.startswith("report"))])
def test_what_must_start_fast_imports_no_torch(module):
    for name, names in imported_with(module).items():
        assert not {n.split(".")[0] for n in names} & HEAVY, f"{name}, imported by {module}"


def test_a_run_imports_late_what_not_every_run_needs():
    for name, names in imported_with("pipeline.run").items():
        for late in LATE:
            assert not {n for n in names if f"{n}.".startswith(f"{late}.")}, name


def imported_with(module):
    """Every module of graphssl that importing ``module`` imports -> what that one imports."""
    seen, stack = {}, [module]
    while stack:
        name = stack.pop()
        if name in seen or name not in MODULES:
            continue
        seen[name] = set(imports(MODULES[name], also_inside_functions=False))
        stack += own_imports(MODULES[name], also_inside_functions=False)
        stack += [name.rpartition(".")[0]] if "." in name else []
    return seen

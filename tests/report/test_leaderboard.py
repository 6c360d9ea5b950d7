import csv
import io

import pytest

from graphssl.errors import ConfigError, DataError
from graphssl.report.cli import main
from graphssl.report.leaderboard import board_document, build_leaderboard

VAL = {0.0: (0.80, 0.82), 0.01: (0.90, 0.94), 0.1: (0.70, 0.72)}


@pytest.fixture
def sweep(make_run):
    """Three alphas, two seeds, two learning rates; what is best on test is worst on validation."""
    for alpha, values in VAL.items():
        for seed, value in enumerate(values):
            shared = {"seed": seed, "regularizer": "werank", "rank": 5 + seed}
            changes = {"regularizer.alpha": alpha}
            for lr in (0.1, 0.2):
                score = value - lr / 10
                make_run(
                    (1 - score,) * 2, val=(score,) * 2, changes={**changes, "optimizer.lr": lr},
                    **shared,
                )  # fmt: skip


def board_grids(board):
    return board_document(board).grids


def texts(runs, **options):
    (grid,) = board_grids(build_leaderboard(runs, **options))
    return [grid.header, *([field.text for field in row] for row in grid.rows)]


def test_validation_sorts_and_seeds_are_averaged(sweep, runs):
    header, *rows = texts(runs)
    assert header == (
        "optimizer.lr", "regularizer.alpha", "seeds",
        "validation accuracy (%)", "test accuracy (%)", "effective rank, representation",
    )  # fmt: skip
    assert rows[0] == [
        "0.1", "0.01", "2", "91.00 ± 2.83", "9.00 ± 2.83", "5.5 ± 0.7",
    ]  # fmt: skip
    assert [row[:2] for row in rows] == [
        ["0.1", "0.01"], ["0.2", "0.01"], ["0.1", "0.0"],
        ["0.2", "0.0"], ["0.1", "0.1"], ["0.2", "0.1"],
    ]  # fmt: skip
    (grid,) = board_grids(build_leaderboard(runs))
    assert [row[3].mark for row in grid.rows] == ["best"] + [""] * 5


def test_what_is_the_same_for_all_or_told_by_an_option_is_left_out(make_run, runs):
    """WERank's only alpha is told by its name; a setting of one run alone is not."""
    for value, regularizer in ((0.5, "none"), (0.6, "werank")):
        changes = {"encoder.norm": {"_target_": "torch.nn.BatchNorm1d"}}
        make_run((0.5,), val=(value,), regularizer=regularizer, changes=changes)
    assert texts(runs)[0][:2] == ("regularizer", "seeds")
    make_run((0.5,), val=(0.1,), changes={**changes, "encoder.dropout": 0.5})
    header, *rows = texts(runs)
    assert header[:3] == ("regularizer", "encoder.dropout", "seeds")
    assert [row[:2] for row in rows] == [["werank", ""], ["none", ""], ["none", "0.5"]]


def test_what_has_no_effect_makes_no_rows(make_run, runs):
    for strength in (0.5, 1.0):
        changes = {"augmentation.strength": strength}
        make_run((0.5,), val=(strength / 2,), changes=changes)
        make_run((0.6,), val=(0.3,), objective="untrained", changes=changes)
    header, *rows = texts(runs)
    assert header[:2] == ("objective", "augmentation.strength")
    assert [row[:4] for row in rows] == [
        ["bgrl", "1.0", "1", "50.00"], ["untrained", "", "1", "30.00"],
        ["bgrl", "0.5", "1", "25.00"],
    ]  # fmt: skip


def test_graphs_protocols_and_metrics_are_never_ranked_together(make_run, runs):
    make_run((0.5,), val=(0.5,))
    make_run((0.5,), val=(0.5,), dataset="cora")
    make_run((0.5,), val=(0.5,), protocol="public_split")
    make_run((0.5,), val=(0.5,), metric="nmi")
    make_run((0.5,), val=(0.5,), labels_used=True)
    titles = [grid.title for grid in board_grids(build_leaderboard(runs))]
    assert titles == [
        "Runs, cora, random_10_10_80: accuracy",
        "Runs, toy, public_split: accuracy",
        "Runs, toy, random_10_10_80: accuracy",
        "Runs, toy, random_10_10_80: NMI",
        "Runs, toy, random_10_10_80: accuracy, labels used in training",
    ]


def test_two_versions_of_a_class_have_rows_of_their_own(make_run, runs):
    for found, value in (("a", 0.1), ("b", 0.9)):
        make_run(
            (value,), val=(value,), code={"mine.X": found * 64}, changes={"objective.x": "mine.X"}
        )
    header, *rows = texts(runs)
    assert header[0] == "code.mine.X"
    assert [row[:3] for row in rows] == [["bbbbbbbb", "1", "90.00"], ["aaaaaaaa", "1", "10.00"]]


def test_runs_without_validation_are_said_with_the_command_that_mends_it(make_run, runs):
    make_run((0.99,), protocol="grace", overrides=["dataset=toy", "probe=[grace]"])
    board = build_leaderboard(runs)
    ((heading, ((what, command),)),) = board.lists
    assert heading == "Runs without validation nodes, which are not ranked"
    assert what.endswith("probed under grace")
    assert command == "graphssl dataset=toy seed=0 'probe=[random_10_10_80]'"
    (grid,) = board_grids(board)
    assert grid.header[:4] == ("objective", "regularizer", "seeds", "test accuracy (%)")
    assert [field.text for field in grid.rows[0]][:4] == ["bgrl", "none", "1", "99.00"]
    assert not any(field.mark for field in grid.rows[0])
    assert "Not sorted by score" in grid.caption


def test_a_condition_with_two_results_of_one_seed_has_no_number(make_run, runs):
    for value in (0.5, 0.6):
        make_run((value,), val=(value,), objective="untrained",
                 changes={"augmentation.strength": value})  # fmt: skip
    board = build_leaderboard(runs)
    assert [e.cells["score"].problem for e in board.boards[0].entries] == ["mixed"]
    assert "seed 0 has several results" in board.lists[0][1][0][0]


def test_every_format_and_its_numbers(sweep, runs, tmp_path, capsys):
    arguments = [str(runs), "--leaderboard", "--format", "md,csv,html,latex"]
    with pytest.raises(SystemExit) as caught:
        main([*arguments, "--out", str(tmp_path / "out"), "--filter", "optimizer.lr=0.2"])
    assert caught.value.code == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "leaderboard.md", "leaderboard.csv", "leaderboard.html", "leaderboard.tex",
        "leaderboard-rank.svg", "leaderboard-accuracy-rank.svg",
    }  # fmt: skip
    assert "| 0.01 | 2 | **90.00 ± 2.83** | 10.00 ± 2.83 |" in capsys.readouterr().out
    first, *_ = csv.DictReader(io.StringIO((tmp_path / "out/leaderboard.csv").read_text()))
    assert float(first["validation"]) == pytest.approx(90, abs=1e-9)
    assert float(first["test_std"]) == pytest.approx(2 * 2**0.5, abs=1e-9)
    assert (first["regularizer.alpha"], first["seeds"], first["metric"]) == (
        "0.01",
        "2",
        "accuracy",
    )
    assert float(first["effective_rank_representation"]) == 5.5


def test_bad_requests_are_one_line(sweep, runs, capsys):
    with pytest.raises(ConfigError, match=r"filter=optimizer\.rl: no such filter"):
        build_leaderboard(runs, filters={"optimizer.rl": 1})
    with pytest.raises(DataError, match=r"none of the runs in .* has these filters"):
        build_leaderboard(runs, filters={"optimizer.lr": 3})
    with pytest.raises(DataError, match="metric=purity: no record contains it; there are"):
        build_leaderboard(runs, metrics=("purity",))
    with pytest.raises(SystemExit):
        main([str(runs), "--leaderboard", "--table", "main"])
    assert "--leaderboard takes no --table, got main" in capsys.readouterr().err

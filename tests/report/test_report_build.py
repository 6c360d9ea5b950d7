import json
import shlex
import shutil

import pytest

from graphssl.errors import ConfigError, DataError
from graphssl.report.build import compose_report
from graphssl.report.tables.comparison import contrasts, standing
from graphssl.report.tables.definition import ValueSpec, load_definition, shipped_tables


def _scored(report):
    return next(table for table in report.tables if table.scored)


def _cell(table, label, column):
    row = next(row for row in table.rows if row.label == label)
    return table.cell(row, column)


def test_main_table_by_hand(full, runs):
    table = _scored(compose_report(runs))
    assert table.columns == ("cora", "toy")
    assert [row.label for row in table.rows] == [
        "raw features", "untrained encoder", "supervised", "BGRL", "BGRL + WERank",
    ]  # fmt: skip
    cell = _cell(table, "BGRL", "cora")
    assert cell.mean == pytest.approx(429 / 6)
    assert len(cell.by_seed) == 6
    assert _cell(table, "supervised", "cora").own_split


def test_contrast_by_hand(full, runs):
    report = compose_report(runs)
    found = contrasts(_scored(report), report.definition)
    assert [c.column for c in found] == ["cora", "toy"]
    # 5, 4, 3, 5, 4, 6 points
    assert found[0].comparison.difference == pytest.approx(4.5)
    assert found[0].comparison.p_holm == pytest.approx(2 * found[0].comparison.p)
    assert found[0].comparison.p_wilcoxon == pytest.approx(2 / 64)
    assert found[0].also == ""


def test_contrast_says_what_else_differs(make_run, runs):
    for seed in range(3):
        make_run((0.7 + seed / 100,), seed=seed)
        make_run((0.8,), seed=seed, regularizer="werank", changes={"trainer.steps": 99})
    report = compose_report(runs)
    (found,) = contrasts(_scored(report), report.definition)
    assert found.also == "trainer.steps (10, 99)"


def test_best_and_not_distinguishable(make_run, runs):
    for seed, (a, b) in enumerate([(0.70, 0.80), (0.72, 0.71), (0.74, 0.76)]):
        make_run((a,), seed=seed)
        make_run((b,), seed=seed, regularizer="werank")
        make_run((0.20 + seed / 1000,), seed=seed, objective="untrained")
        make_run((0.99,), seed=seed, objective="supervised", labels_used=True)
    marks = standing(_scored(compose_report(runs)), "toy")
    assert marks == {"BGRL + WERank": "best", "BGRL": "tied"}


def test_supervised_stands_beside_methods_whatever_encoder_they_keep(make_run, runs):
    shared = {"protocol_settings": {"num_splits": 20}}  # supervised runs are scored on one of them
    make_run(selection="last", **shared)
    make_run(selection="effective_rank_centred", **shared)
    labels = {"labels_used": True, "selection": "val_accuracy"}
    make_run((0.9,), objective="supervised", **labels, **shared)
    tables = [t for t in compose_report(runs).tables if t.scored]
    assert {t.group.selection for t in tables} == {"last", "effective_rank_centred"}
    for table in tables:
        assert _cell(table, "supervised", "toy").mean == pytest.approx(90)
        assert len(_cell(table, "BGRL", "toy").by_seed) == 1


def test_protocols_and_selection_rules_have_tables_of_their_own(make_run, runs):
    make_run(protocol="grace")
    make_run(protocol="bgrl_official")
    make_run(protocol="bgrl_official", protocol_settings={"num_splits": 20})
    make_run(protocol="grace", selection="val_accuracy")
    tables = [t for t in compose_report(runs).tables if t.scored]
    assert len(tables) == 4
    assert all(len(_cell(table, "BGRL", "toy").by_seed) == 1 for table in tables)
    only = compose_report(runs, protocol="grace").tables
    assert {t.group.protocol for t in only if t.scored} == {"grace"}


def test_runs_of_different_settings_are_never_averaged(make_run, runs):
    make_run(seed=0)
    make_run(seed=1, changes={"trainer.steps": 99})
    report = compose_report(runs)
    table = _scored(report)
    assert _cell(table, "BGRL", "toy").problem == "mixed"
    assert table.mixed == ("BGRL, toy: its runs differ in trainer.steps (10, 99)",)
    picked = _scored(compose_report(runs, filters={"trainer.steps": 99}))
    assert list(_cell(picked, "BGRL", "toy").by_seed) == [1]


CODE = {"mine.Encoder": "a" * 64}


def test_two_versions_of_a_users_class_are_never_averaged(make_run, runs):
    """Neither over seeds nor at one seed, where the order of hashes would decide."""
    for other_seed in (1, 0):
        make_run((0.97,), seed=0, code=CODE, changes={"encoder._target_": "mine.Encoder"})
        make_run(
            (0.1,),
            seed=other_seed,
            code={"mine.Encoder": "b" * 64},
            changes={"encoder._target_": "mine.Encoder"},
        )
        table = _scored(compose_report(runs))
        assert _cell(table, "BGRL", "toy").problem == "mixed"
        (line,) = table.mixed
        assert line == (
            "BGRL, toy: its runs differ in the code of mine.Encoder (aaaaaaaa, bbbbbbbb)"
        )
        shutil.rmtree(runs)


def test_supervised_runs_of_two_protocols_are_never_averaged(make_run, runs):
    make_run((0.5,))
    make_run((0.5,), protocol="public_split")
    for protocol, rank in (("random_10_10_80", 4.0), ("public_split", 6.0)):
        make_run((0.9,), objective="supervised", labels_used=True, protocol=protocol, rank=rank)
    report = compose_report(runs)
    rank = next(t for t in report.tables if not t.scored)
    assert _cell(rank, "supervised", "toy").problem == "mixed"
    assert "protocol (random_10_10_80, public_split)" in rank.mixed[0]
    for table in report.tables:
        assert not table.scored or _cell(table, "supervised", "toy").mean == pytest.approx(90)


def test_equal_results_of_one_seed_count_once_and_different_ones_are_mixed(make_run, runs):
    for strength in (0.0, 0.5):
        make_run((0.6,), objective="untrained", changes={"augmentation.strength": strength})
    assert _cell(_scored(compose_report(runs)), "untrained encoder", "toy").by_seed == {0: 60.0}
    odd = make_run((0.7,), objective="untrained", changes={"augmentation.strength": 1.0})
    table = _scored(compose_report(runs))
    assert _cell(table, "untrained encoder", "toy").problem == "mixed"
    (line,) = table.mixed
    assert line.startswith("untrained encoder, toy: seed 0 has several results, in ")
    assert str(odd) in line


def test_runs_of_different_graphs_are_never_averaged(make_run, runs):
    for seed, content in enumerate("ab"):
        folder = make_run(seed=seed)
        record = json.loads((folder / "record.json").read_text())
        record["dataset"]["fingerprint"] = content
        (folder / "record.json").write_text(json.dumps(record))
    table = _scored(compose_report(runs))
    assert table.mixed == ("BGRL, toy: its runs differ in graph/fingerprint (a, b)",)


def test_metrics_have_tables_of_their_own_that_name_them(make_run, runs):
    measured = {"accuracy": [0.9], "macro_f1": [0.5]}
    make_run((0.7,), dataset="minesweeper", metric="roc_auc", measured=measured)
    make_run((0.8,), measured={"macro_f1": [0.6]})
    make_run((0.4,), metric="nmi", seed=1)
    scored = {t.label: t for t in compose_report(runs).tables if t.scored}
    assert list(scored) == ["test accuracy (%)", "test NMI (%)", "test ROC AUC (%)"]
    assert scored["test ROC AUC (%)"].columns == ("minesweeper",)
    assert _cell(scored["test NMI (%)"], "BGRL", "toy").by_seed == {1: pytest.approx(40)}
    assert _cell(scored["test accuracy (%)"], "BGRL", "toy").by_seed == {0: pytest.approx(80)}

    (f1,) = compose_report(runs, metrics=("macro_f1",)).tables
    assert f1.label == "test macro-F1 (%)"
    assert [_cell(f1, "BGRL", c).mean for c in f1.columns] == pytest.approx([50, 60])


def test_validation_scores_are_values_of_tables(make_run, runs):
    make_run((0.7,), val=(0.75,))
    (table,) = compose_report(runs, metrics=("val_accuracy",)).tables
    assert table.label == "validation accuracy (%)"
    assert _cell(table, "BGRL", "toy").mean == pytest.approx(75)
    (table,) = compose_report(runs, metrics=("val_score",)).tables
    assert (table.label, table.group.metric) == ("validation accuracy (%)", "accuracy")


def test_a_label_without_the_metric_gets_it():
    assert ValueSpec("score", "score").called("roc_auc") == "score, ROC AUC"
    assert ValueSpec("score", "{metric} here").called("roc_auc") == "ROC AUC here"
    assert ValueSpec("accuracy", "mine").called("accuracy") == "mine"
    assert ValueSpec("rank").called("") == "rank"


def test_runs_without_a_probe_are_in_tables_of_rank(make_run, runs):
    for seed in (0, 1):
        folder = make_run(seed=seed, rank=4.0 + seed)
        if seed:
            record = json.loads((folder / "record.json").read_text())
            (folder / "record.json").write_text(json.dumps({**record, "scores": {}}))
    scored, rank = compose_report(runs).tables
    assert _cell(scored, "BGRL", "toy").by_seed.keys() == {0}
    assert _cell(rank, "BGRL", "toy").by_seed == {0: 4.0, 1: 5.0}


def test_recipe_widths_alone_are_in_main(make_run, runs):
    make_run((0.8,))
    make_run((0.1,), changes={"encoder.channels": [4]})
    cell = _cell(_scored(compose_report(runs)), "BGRL", "toy")
    assert cell.mean == pytest.approx(80.0)
    labels = [row.label for row in _scored(compose_report(runs, "depth")).rows]
    assert labels[-2:] == ["BGRL [16, 8]", "BGRL [4]"]


def test_missing_runs_and_the_command_that_completes_them(make_run, runs):
    for seed in range(2):
        make_run(seed=seed)
    make_run(seed=0, regularizer="werank")
    lacking = {m.what: shlex.split(m.command) for m in compose_report(runs).missing}
    assert list(lacking) == [
        "raw features, toy: seed 0",
        "untrained encoder, toy: seed 0, 1",
        "supervised, toy: seed 0, 1",
        "BGRL + WERank, toy: seed 1",
    ]
    assert set(lacking["BGRL + WERank, toy: seed 1"]) >= {
        "graphssl", "dataset=toy", "objective=bgrl", "regularizer=werank", "seed=1",
        "probe=[random_10_10_80]",
    }  # fmt: skip
    untrained = lacking["untrained encoder, toy: seed 0, 1"]
    assert {"-m", "seed=0,1", "objective=untrained"} <= set(untrained)
    assert not any("augmentation" in word for word in untrained)


def test_command_keeps_how_its_neighbours_were_started(make_run, runs):
    for seed in range(2):
        make_run(seed=seed, overrides=["dataset=toy", "trainer.steps=10", f"seed={seed}"])
    (command,) = [m.command for m in compose_report(runs).missing if "WERank" in m.what]
    words = shlex.split(command)
    assert "trainer.steps=10" in words
    assert words.count("dataset=toy") == 1
    assert [word for word in words if word.startswith("seed")] == ["seed=0,1"]


def test_floors_do_not_depend_on_strength(full, runs):
    report = compose_report(runs, "augmentation")
    table = next(t for t in report.tables if t.scored and t.panel == "toy")
    assert table.columns == (0.0, 0.5, 1.0)
    for label in ("raw features", "untrained encoder", "supervised"):
        assert len({_cell(table, label, column).mean for column in table.columns}) == 1


def test_alpha_rows(full, runs):
    table = _scored(compose_report(runs, "alpha"))
    assert [row.label for row in table.rows if not row.floor] == [
        "BGRL", "WERank, alpha 0.001", "WERank, alpha 0.01", "WERank, alpha 0.1",
    ]  # fmt: skip


def test_encoders_are_paired_by_encoder(make_run, runs):
    for encoder in ("gat", "gcn"):
        for regularizer in ("none", "werank"):
            for seed in range(2):
                make_run((0.7 + seed / 100,), seed=seed, encoder=encoder, regularizer=regularizer)
    report = compose_report(runs, "encoders")
    found = contrasts(_scored(report), report.definition)
    assert [(c.first, c.second) for c in found] == [
        ("BGRL + WERank, gat", "BGRL, gat"),
        ("BGRL + WERank, gcn", "BGRL, gcn"),
    ]


@pytest.mark.parametrize("name", shipped_tables())
def test_every_shipped_table_is_made(full, runs, name):
    assert compose_report(runs, name).tables


def test_a_table_of_the_users_own_by_tags(make_run, runs, tmp_path):
    make_run((0.6,), changes=None, overrides=[])
    own = tmp_path / "mine.yaml"
    own.write_text(
        "title: Mine\ncolumns: dataset\nrows:\n  - {label: '{}', by: encoder}\nvalues: [accuracy]\n"
    )
    report = compose_report(runs, str(own))
    assert _cell(_scored(report), "gcn", "toy").mean == pytest.approx(60.0)


def test_metric_that_no_record_has_is_one_note(full, runs):
    report = compose_report(runs)
    (note,) = report.notes
    assert note.startswith(
        "metric=embedding/effective_rank_centred: no record contains it; there are"
    )
    with pytest.raises(DataError, match="metric=nothing: no record contains it"):
        compose_report(runs, metrics=("nothing",))


def test_any_measure_can_be_asked_for(full, runs):
    (table,) = compose_report(runs, metrics=("representation/dimensions",)).tables
    assert _cell(table, "BGRL", "toy").mean == 8.0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"table": "mian"}, "table=mian: no such table; there are alpha, "),
        ({"protocol": "gracee"}, "protocol=gracee: no such protocol; there are random_10_10_80"),
        ({"filters": {"regularizer.alhpa": 1}}, "did you mean regularizer.alpha"),
    ],
)
def test_unknown_names_list_what_there_is(full, runs, arguments, line):
    with pytest.raises(ConfigError, match="no such") as caught:
        compose_report(runs, **arguments)
    assert line in str(caught.value)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("- 1", "keys"),
        ("title: a", "rows is missing"),
        ("titel: a", "unknown key titel"),
        ("a: [", "does not define a table"),
        ("{title: a, columns: b, rows: [{label: x}], values: [v], contrasts: [[x, y]]}", "'y'"),
    ],
)
def test_bad_definitions_are_one_line(tmp_path, content, word):
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=word) as caught:
        load_definition(str(path))
    assert "\n" not in str(caught.value)


def test_a_run_that_fits_no_row(make_run, runs):
    make_run(encoder="gat")
    with pytest.raises(DataError, match="table=main"):
        compose_report(runs)

"""Protocols as columns of one table, each in its own metric."""

from graphssl.report.build import compose_report
from graphssl.report.formats.csv import render_csv
from graphssl.report.formats.markdown import render_markdown

TABLE = """
title: Probes
columns: protocol
floors: []
rows:
  - {label: "{}", by: objective, match: {}}
values: [score, representation/effective_rank_centred]
"""


def test_protocols_stand_side_by_side_each_in_its_metric(make_run, runs, tmp_path):
    for seed, (knn, nmi) in enumerate([(0.8, 0.5), (0.9, 0.6)]):
        make_run((knn,), protocol="knn", seed=seed, overrides=["objective=bgrl", "steps=1"])
        make_run((nmi,), protocol="kmeans", metric="nmi", seed=seed)
    make_run((0.7,), protocol="knn", objective="grace", overrides=["objective=grace"])
    path = tmp_path / "mine.yaml"
    path.write_text(TABLE)
    report = compose_report(str(runs), str(path))
    scores = report.tables[0]
    assert scores.columns == ("kmeans", "knn")
    cells = {
        (row.label, column): scores.cell(row, column)
        for row in scores.rows
        for column in scores.columns
    }
    assert cells["bgrl", "knn"].by_seed == {0: 80.0, 1: 90.0}
    assert cells["bgrl", "kmeans"].by_seed == {0: 50.0, 1: 60.0}
    assert cells["grace", "kmeans"].problem == "missing"
    text = render_markdown(report)
    assert "Every probe protocol scores the same embeddings: accuracy, NMI of kmeans." in text
    assert "split seed None" not in text
    assert "probe=[kmeans]" in text  # the command for what is missing
    assert "protocol=kmeans" not in text
    assert "kmeans" in render_csv(report)

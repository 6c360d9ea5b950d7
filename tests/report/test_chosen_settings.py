"""Rows whose setting is chosen on validation nodes, whatever the test nodes say."""

import pandas as pd
import pytest

from graphssl.report.tables.definition import RowSpec, load_definition
from graphssl.report.tables.pivot import _tried

SPEC = RowSpec("WERank", {"regularizer": "werank"}, ("alpha",), choose="val_score")


def frame(rows):
    """Rows of (alpha, seed, validation, test)."""
    return pd.DataFrame(
        [
            {
                "regularizer": "werank", "alpha": alpha, "seed": seed, "val_score": val,
                "score": test, "condition": f"a{alpha}", "folder": f"{alpha}-{seed}",
                "labels_used": False,
            }
            for alpha, seed, val, test in rows
        ]
    )  # fmt: skip


def test_the_best_validation_mean_is_chosen_and_all_are_listed():
    rows = [(0.1, 0, 80.0, 90.0), (0.1, 1, 84.0, 92.0), (1.0, 0, 83.0, 70.0), (1.0, 1, 85.0, 72.0)]
    tried = _tried(SPEC, frame(rows), "score")
    assert [(t.by, t.cell.mean, t.chosen) for t in tried] == [
        ((0.1,), 91.0, False),
        ((1.0,), 71.0, True),
    ]


def test_a_setting_with_fewer_seeds_is_not_chosen():
    rows = [(0.1, 0, 80.0, 1.0), (0.1, 1, 80.0, 2.0), (1.0, 0, 99.0, 3.0)]
    assert [t.chosen for t in _tried(SPEC, frame(rows), "score")] == [True, False]


def test_without_validation_scores_nothing_is_chosen():
    assert not any(t.chosen for t in _tried(SPEC, frame([(0.1, 0, None, 1.0)]), "score"))


@pytest.mark.parametrize(
    "options", [{"by": ("alpha",), "choose": "score"}, {"choose": "val_score"}]
)
def test_a_choice_on_test_nodes_or_of_nothing_is_refused(options):
    with pytest.raises(ValueError, match="validation nodes"):
        RowSpec("row", {}, **options)


def test_every_row_of_the_comparison_is_tuned():
    assert all(row.choose == "val_score" for row in load_definition("regularizers").rows)

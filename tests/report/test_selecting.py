"""What counts as a setting of a run."""

import pandas as pd
import pytest

from graphssl.report.runs.selecting import counts

RUNS = pd.DataFrame({"selection": ["last"], "labels_used": [False]})


@pytest.mark.parametrize(
    ("key", "setting"),
    [
        ("encoder.channels", True), ("graph/num_nodes", True), ("trainer.steps", True),
        ("encoder.acts.0/std_min", False), ("encoder.norms.1/rankme_centred", False),
        ("representation/rankme_centred", False), ("trainer.log_every", False),
    ],
)  # fmt: skip
def test_measures_are_no_settings(key, setting):
    assert counts(key, RUNS) is setting

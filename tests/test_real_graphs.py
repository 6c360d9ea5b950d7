"""Training pays on real graphs: a short run beats its untrained encoder, seed by seed."""

import pytest

import graphssl


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dataset", "steps", "protocol", "margin"),
    [("cora", 300, "random_10_10_80", 0.02), ("amazon_photo", 300, "bgrl_official", 0.0)],
)
def test_bgrl_beats_its_untrained_encoder_over_three_seeds(
    dataset, steps, protocol, margin, mirror, tmp_path
):
    def accuracy(objective, seed):
        record = graphssl.run(
            [
                f"dataset={dataset}", f"objective={objective}", f"seed={seed}",
                f"trainer.steps={steps}", f"probe={protocol}", "trainer.eval_every=0",
                "diagnostics=end", f"paths.runs={tmp_path}/runs", f"paths.data={tmp_path}/data",
                f"paths.mirror={mirror}",
            ]
        )  # fmt: skip
        return record.scores[protocol]["test_mean"]

    for seed in range(3):
        assert accuracy("bgrl", seed) > accuracy("untrained", seed) + margin

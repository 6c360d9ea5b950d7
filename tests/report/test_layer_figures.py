import json

import numpy as np
import pytest

from graphssl.report.build import compose_report
from graphssl.report.cli import main
from graphssl.report.figures.curves import layer_ranks, layer_spectra, weight_spectra
from graphssl.report.figures.kinds import FIGURES

SEEDS = 3


@pytest.fixture
def pair(make_run):
    """BGRL and WERank over three seeds; representation and embedding repeat another place."""
    folders = []
    for seed in range(SEEDS):
        for regularizer in ("none", "werank"):
            folder = make_run(seed=seed, regularizer=regularizer)
            folders.append(folder)
            lift = 0.5 if regularizer == "werank" else 0.0
            _spectra(folder, 1.0 + seed + lift)
            _metrics(folder, 1.0 + seed + lift)
    return folders


def _spectra(folder, scale):
    last = np.array([4.0, 2.0, scale])
    np.savez(
        folder / "spectra.npz",
        **{
            "5/encoder.convs.0/centred": [9.0, 9.0, 9.0],
            "10/encoder.convs.0/centred": 2 * last,
            "10/encoder.convs.0/uncentred": [1.0, 1.0, 1.0],
            "10/encoder.acts.0/centred": last,
            "10/representation/centred": last,
            "10/target_encoder.convs.0/centred": last,
            "10/embedding/centred": last / 2,
            "10/weights/encoder.convs.0.lin": [1.0, scale],
            "10/weights/encoder.convs.*.lin/product": [1.0, scale**2],
        },
    )


def _metrics(folder, rank):
    names = ("encoder.convs.0", "target_encoder.convs.0", "encoder.acts.0", "representation")
    scale = dict(zip(names, (2, 3, 1, 1), strict=True))
    rows = [
        {"step": step, **{f"{n}/effective_rank_centred": scale[n] * rank + step for n in names}}
        for step in (5, 10)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + '{"s')


def _lines(figure, layer):
    (panel,) = [axes for axes in figure.axes if axes.get_title() == layer]
    return {x.get_label(): list(x.get_ydata()) for x in panel.get_lines()}


def test_spectra_are_the_last_over_the_largest_each_place_once(pair):
    found = layer_spectra(map(str, pair[::2]))
    assert list(found) == ["encoder.convs.0", "representation", "embedding"]
    assert found["encoder.convs.0"].values[1] == pytest.approx([1.0, 0.5, 0.5])
    assert list(found["representation"].x) == [1, 2, 3]


def test_weights_keep_their_scale(pair):
    found = weight_spectra(map(str, pair[::2]))
    assert list(found) == ["encoder.convs.0.lin", "encoder.convs.*.lin/product"]
    assert found["encoder.convs.*.lin/product"].median == pytest.approx([1.0, 4.0])


def test_ranks_of_every_layer_over_steps(pair):
    found = layer_ranks(map(str, pair[::2]))
    assert list(found) == ["encoder.convs.0", "representation"]
    assert found["encoder.convs.0"].median == pytest.approx([4 + 5, 4 + 10])
    low, high = found["encoder.convs.0"].range
    assert (low[0], high[0]) == (2 + 5, 6 + 5)


def test_lines_are_medians_over_seeds_of_both_rows(pair, runs):
    report = compose_report(runs)
    ranks = _lines(FIGURES["layers"](report), "representation")
    assert ranks == {"BGRL": [7.0, 12.0], "BGRL + WERank": [7.5, 12.5]}
    weights = _lines(FIGURES["weights"](report), "encoder.convs.0.lin")
    assert weights["BGRL"] == [1.0, 2.0]
    assert weights["BGRL + WERank"] == [1.0, 2.5]
    spectra = FIGURES["spectra"](report)
    assert _lines(spectra, "representation")["BGRL"] == [1.0, 0.5, 0.5]
    assert len(spectra.legends) == 1


def test_a_spectrum_of_zeros_or_a_lost_rank_can_be_drawn(make_run, runs):
    np.savez(make_run() / "spectra.npz", **{
        "0/representation/centred": [0.0, 0.0], "0/encoder.convs.0/centred": [2.0, 0.0],
    })  # fmt: skip
    figure = FIGURES["spectra"](compose_report(runs))
    assert [axes.get_title() for axes in figure.axes] == ["encoder.convs.0"]
    assert np.isnan(_lines(figure, "encoder.convs.0")["BGRL"][1])


def test_runs_that_hold_nothing_to_draw(make_run, runs, tmp_path, capsys):
    (make_run() / "spectra.npz").write_bytes(b"PK")
    report = compose_report(runs)
    assert [FIGURES[name](report) for name in ("layers", "spectra", "weights")] == [None] * 3
    for name, message in (("spectra", "have no data for it"), ("no", "no such figure")):
        with pytest.raises(SystemExit) as stopped:
            main([str(runs), "--format", "png", "--figures", name, "--out", str(tmp_path)])
        assert stopped.value.code == 1
        assert message in capsys.readouterr().err


def test_pictures_are_written_by_name(pair, runs, tmp_path):
    command = [str(runs), "--table", "main", "--format", "png", "--figures", "layers,weights"]
    command += ["--out", str(tmp_path)]
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 0
    written = sorted(path.name for path in tmp_path.glob("*.png"))
    assert written == ["main-layers.png", "main-weights.png"]
    assert (tmp_path / "main-layers.png").read_bytes().startswith(b"\x89PNG")

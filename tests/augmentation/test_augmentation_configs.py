"""Every conf/augmentation/*.yaml: composes with a recipe, constructs, runs."""

import pytest
from augmentation_graphs import generator, random_graph
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from graphssl.augmentation.two_views import TwoViews
from graphssl.config.folder import config_dir

FILES = sorted((config_dir() / "augmentation").glob("*.yaml"))
RECIPE = {"drop_edge": [0.31, 0.32], "drop_feature": [0.11, 0.12], "dense_features": False}
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def build(file, *overrides):
    cfg = OmegaConf.create({"recipe": RECIPE, "augmentation": OmegaConf.load(file)})
    cfg.merge_with_dotlist(list(overrides))
    return instantiate(cfg.augmentation, _convert_="all")


def named(stem):
    return next(file for file in FILES if file.stem == stem)


def probabilities(views):
    return [{name: a.p for name, a in v.items()} for v in (views.view1, views.view2)]


def test_the_promised_files_are_there():
    promised = {"bgrl", "none", "strong", "gca_degree", "gca_pagerank", "gca_evc", "drop_nodes"}
    assert promised <= {file.stem for file in FILES}


@every_file
def test_builds_and_makes_two_views(file):
    views = build(file)
    assert isinstance(views, TwoViews)
    graph = random_graph(0, 40, 300, 200)
    for named_augmentations, view in zip(
        (views.view1, views.view2), views(graph.view(), generator()), strict=True
    ):
        parts = set(named_augmentations)
        assert view.x[: graph.num_nodes].shape == graph.x.shape
        assert (view.feature_mask is not None) == bool({"features", "entries"} & parts)
        assert (view.edge_mask is not None) == bool({"edges", "nodes", "walk", "hops"} & parts)
        assert (view.features is not None) == bool({"noise", "shuffle", "half_hop"} & parts)
        assert (view.edges is not None) == bool({"added", "diffusion", "half_hop"} & parts)


@every_file
def test_starts_with_a_comment(file):
    assert file.read_text().startswith("# ")


@pytest.mark.parametrize("stem", ["bgrl", "gca_degree", "gca_pagerank", "gca_evc"])
def test_takes_each_views_probabilities_from_the_recipe(stem):
    assert probabilities(build(named(stem))) == [
        {"features": 0.11, "edges": 0.31},
        {"features": 0.12, "edges": 0.32},
    ]


@pytest.mark.parametrize("stem", ["gca_degree", "gca_pagerank", "gca_evc"])
@pytest.mark.parametrize("dense", [False, True])
def test_the_recipe_says_whether_features_are_dense(stem, dense):
    views = build(named(stem), f"recipe.dense_features={dense}")
    assert [v["features"].dense for v in (views.view1, views.view2)] == [dense, dense]


def test_strong_drops_what_it_says():
    assert probabilities(build(named("strong"))) == [{"features": 0.6, "edges": 0.8}] * 2


def test_a_key_of_one_view_can_be_set_from_the_shell():
    views = build(named("bgrl"), "augmentation.view1.edges.p=0.5", "augmentation.strength=1.5")
    assert views.view1["edges"].p == 0.75
    assert views.view2["edges"].p == pytest.approx(0.48)


def test_both_views_of_gca_share_one_computation():
    views = build(named("gca_pagerank"))
    assert views.view1["edges"].centrality == views.view2["features"].centrality
    assert hash(views.view1["edges"].centrality) == hash(views.view2["features"].centrality)


def test_an_error_says_where():
    with pytest.raises(
        InstantiationException, match=r"DropEdges\.p must .* 1\.0(.|\n)*view1\.edges"
    ):
        build(named("bgrl"), "augmentation.view1.edges.p=1.0")


def test_probabilities_of_0_leave_the_graph_untouched():
    view = random_graph(0, 5, 8, 3).view()
    weakened = build(named("bgrl"), "augmentation.strength=0")
    assert build(named("none"))(view, generator()) == weakened(view, generator()) == (view, view)

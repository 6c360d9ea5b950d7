"""What the configuration promises: published recipes, targets that exist, the right protocol."""

import pytest
from hydra.utils import get_object
from omegaconf import OmegaConf

from graphssl.cli import compose
from graphssl.config.folder import config_dir
from graphssl.results.identity import identity

# REFERENCE: flag files of the official code, github.com/nerdslab/bgrl, config/.
PUBLISHED = {
    "wikics": ([512, 256], 5e-4, [0.2, 0.3], [0.2, 0.1]),
    "amazon_computers": ([256, 128], 5e-4, [0.5, 0.4], [0.2, 0.1]),
    "amazon_photo": ([256, 128], 1e-4, [0.4, 0.1], [0.1, 0.2]),
    "coauthor_cs": ([512, 256], 1e-5, [0.3, 0.2], [0.3, 0.4]),
    "coauthor_physics": ([256, 128], 1e-5, [0.4, 0.1], [0.1, 0.4]),
}
PROTOCOLS = {
    "cora": "public_split", "citeseer": "public_split", "pubmed": "public_split",
    "wikics": "wikics_preset", "digits": "random_10_10_80", "amazon_photo": "bgrl_official",
    "coauthor_cs": "bgrl_official",
}  # fmt: skip


# REFERENCE, section 4: what each protocol of conf/probe fixes, its solver and device apart.
PROBES = {
    "bgrl_official": ("CrossValidatedSplits", {
        "num_splits": 3, "train_ratio": 0.2, "folds": "shuffle_split", "log2_C": [-10, 10]}),
    "grace": ("CrossValidatedSplits", {
        "num_splits": 3, "train_ratio": 0.1, "folds": "k_fold", "log2_C": [-10, 9]}),
    "wikics_preset": ("GivenSplits", {"classifier": "one_vs_rest", "log2_C": [-10, 10]}),
    "public_split": ("GivenSplits", {"classifier": "multinomial", "log2_C": [-10, 10]}),
    "random_10_10_80": ("RandomSplits", {
        "num_splits": 20, "train_ratio": 0.1, "val_ratio": 0.1, "log2_C": [-10, 10]}),
}  # fmt: skip


def resolved(*overrides: str):
    config, *_ = compose(overrides)
    return OmegaConf.to_container(config, resolve=True)


@pytest.mark.parametrize("objective", ["bgrl", "byol", "untrained"])
@pytest.mark.parametrize("dataset", list(PUBLISHED))
def test_the_dataset_alone_gives_the_published_recipe(dataset, objective):
    channels, lr, drop_edge, drop_feature = PUBLISHED[dataset]
    config = resolved(f"dataset={dataset}", f"objective={objective}")
    assert config["encoder"]["channels"] == channels
    assert config["optimizer"] == {
        "_target_": "torch.optim.AdamW", "_partial_": True, "lr": lr, "weight_decay": 1e-5,
    }  # fmt: skip
    assert config["trainer"]["steps"] == 10_000
    assert config["trainer"]["warmup"] * config["trainer"]["steps"] == 1000
    views = [config["augmentation"][view] for view in ("view1", "view2")]
    assert [view["edges"]["p"] for view in views] == drop_edge
    assert [view["features"]["p"] for view in views] == drop_feature
    assert config["encoder"]["norm"] == {
        "_target_": "torch.nn.BatchNorm1d", "_partial_": True, "momentum": 0.99,
    }  # fmt: skip
    if objective == "bgrl":
        assert config["objective"]["predictor"]["hidden_channels"] == 512
        assert config["objective"]["ema"] == 0.99


HEAD = {"_target_": "graphssl.encoders.MLPHead", "_partial_": True, "hidden_channels": 512}
OBJECTIVES = {
    "bgrl": {"_target_": "graphssl.objectives.BGRL", "ema": 0.99, "predictor": HEAD},
    "byol": {
        "_target_": "graphssl.objectives.BYOL", "ema": 0.99, "projection_channels": 256,
        "projector": {**HEAD, "batch_norm": True}, "predictor": {**HEAD, "batch_norm": True},
    },
    "untrained": {"_target_": "graphssl.objectives.Untrained"},
    "raw": {"_target_": "graphssl.objectives.Raw"},
    "supervised": {
        "_target_": "graphssl.objectives.Supervised", "dropout": 0.5,
        "conv": {"_target_": "torch_geometric.nn.GCNConv", "_partial_": True},
    },
}  # fmt: skip


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_an_objective_is_what_its_name_says(objective):
    assert resolved(f"objective={objective}")["objective"] == OBJECTIVES[objective]


@pytest.mark.parametrize("dataset", ["cora", "wikics", "digits"])
def test_supervised_is_kipf_and_wellings_gcn_on_every_graph(dataset):
    config = resolved("objective=supervised", f"dataset={dataset}")
    encoder, trainer = config["encoder"], config["trainer"]
    assert (encoder["channels"], encoder["dropout"]) == ([64], 0.5)
    assert encoder["weight_standardization"] is False
    assert encoder["norm"]["_target_"] == "torch.nn.Identity"
    assert encoder["act"]["_target_"] == "torch.nn.ReLU"
    assert config["optimizer"] == {
        "_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.01, "weight_decay": 5e-4,
    }  # fmt: skip
    habits = {"steps": 200, "warmup": 0.0, "schedule": "constant", "eval_every": 1}
    assert habits | {"select": "val_accuracy"} == {key: trainer[key] for key in (*habits, "select")}
    assert not config["augmentation"]["view1"]


# REFERENCE, section 7: the official code of each method. Widths, learning rate, weight decay,
# steps, edge and feature drops of both views, activation, the number of the loss.
METHODS = {
    ("grace", "cora"): ([256, 128], 5e-4, 1e-5, 200, [.2, .4], [.3, .4], "torch.nn.ReLU", 0.4),
    ("grace", "citeseer"): (
        [512, 256], 1e-3, 1e-5, 200, [.2, .0], [.3, .2], "graphssl.encoders.PReLU", 0.9),
    ("grace", "pubmed"): ([512, 256], 1e-3, 1e-5, 1500, [.4, .1], [.0, .2], "torch.nn.ReLU", 0.7),
    ("cca_ssg", "cora"): ([512, 512], 1e-3, 0, 50, [.4, .4], [.1, .1], "torch.nn.ReLU", 1e-3),
    ("cca_ssg", "citeseer"): ([512], 1e-3, 0, 20, [.4, .4], [.0, .0], "torch.nn.ReLU", 5e-4),
    ("cca_ssg", "pubmed"): ([512, 512], 1e-3, 0, 100, [.5, .5], [.3, .3], "torch.nn.ReLU", 1e-3),
    ("cca_ssg", "amazon_photo"): (
        [512, 512], 1e-3, 0, 50, [.3, .3], [.2, .2], "torch.nn.ReLU", 1e-3),
    ("cca_ssg", "amazon_computers"): (
        [512, 512], 1e-3, 0, 50, [.3, .3], [.1, .1], "torch.nn.ReLU", 5e-4),
    ("cca_ssg", "coauthor_physics"): (
        [512, 512], 1e-3, 0, 100, [.5, .5], [.5, .5], "torch.nn.ReLU", 1e-3),
    ("ssge", "cora"): ([256, 256], 1e-3, 1e-5, 80, [.3, .3], [.1, .1], "torch.nn.ELU", 0.1),
    ("dgi", "citeseer"): (
        [512], 1e-3, 0, 10_000, [0, 0], [0, 0], "graphssl.encoders.PReLU", None),
}  # fmt: skip
NUMBER = {"grace": "tau", "cca_ssg": "decorrelation", "ssge": "uniformity"}


@pytest.mark.parametrize(("objective", "dataset"), METHODS)
def test_objective_and_dataset_alone_give_the_methods_published_recipe(objective, dataset):
    channels, lr, decay, steps, edges, features, act, number = METHODS[objective, dataset]
    config = resolved(f"dataset={dataset}", f"objective={objective}")
    encoder, trainer = config["encoder"], config["trainer"]
    assert encoder["channels"] == channels
    assert encoder["act"]["_target_"] == act
    assert encoder["norm"]["_target_"] == "torch.nn.Identity"
    assert encoder["plain_last"] == (objective in ("cca_ssg", "ssge"))
    assert config["optimizer"] == {
        "_target_": "torch.optim.Adam", "_partial_": True, "lr": lr, "weight_decay": decay,
    }  # fmt: skip
    assert (trainer["steps"], trainer["warmup"], trainer["schedule"]) == (steps, 0.0, "constant")
    views = [config["augmentation"][view] for view in ("view1", "view2")]
    assert [view.get("edges", {"p": 0})["p"] for view in views] == edges
    assert [view.get("features", {"p": 0})["p"] for view in views] == features
    if number is not None:
        assert config["objective"][NUMBER[objective]] == number
    waits = {"patience": 20, "select": "loss"} if objective == "dgi" else {"patience": None}
    assert waits == {key: trainer[key] for key in waits}
    if objective == "grace":
        head = config["objective"]["projector"]
        assert (head["hidden_channels"], head["act"]["_target_"]) == (channels[1], "torch.nn.ELU")


def test_gbt_normalises_between_its_layers_alone_and_warms_up():
    config = resolved("dataset=amazon_photo", "objective=gbt")
    encoder, trainer = config["encoder"], config["trainer"]
    assert (encoder["channels"], encoder["plain_last"]) == ([512, 256], True)
    assert encoder["norm"]["momentum"] == 0.01
    assert config["objective"] == {"_target_": "graphssl.objectives.GBT", "redundancy": None}
    assert (trainer["steps"], trainer["warmup"], trainer["schedule"]) == (1000, 0.1, "cosine")
    assert (config["optimizer"]["lr"], config["optimizer"]["weight_decay"]) == (1e-4, 1e-5)


def test_what_is_said_wins_over_a_methods_recipe():
    said = ["recipe.lr=0.5", "act=elu", "norm=layer", "recipe.channels=[8]", "recipe.tau=0.1"]
    config = resolved("dataset=citeseer", "objective=grace", *said)
    assert config["optimizer"]["lr"] == 0.5
    assert config["encoder"]["act"]["_target_"] == "torch.nn.ELU"
    assert config["encoder"]["norm"]["_target_"] == "torch.nn.LayerNorm"
    assert config["encoder"]["channels"] == [8]
    assert config["objective"]["tau"] == 0.1


def test_only_supervised_has_dropout_and_a_constant_learning_rate():
    config = resolved()
    assert (config["encoder"]["dropout"], config["trainer"]["schedule"]) == (0.0, "cosine")


def test_the_command_line_wins_over_the_recipe():
    config = resolved("dataset=coauthor_cs", "optimizer.lr=0.5", "encoder.channels=[8]")
    assert config["optimizer"]["lr"] == 0.5
    assert config["encoder"]["channels"] == [8]


def test_arxiv_has_layer_norm_and_weight_standardisation():
    config = resolved("dataset=ogbn_arxiv")
    assert config["encoder"]["norm"]["_target_"] == "torch.nn.LayerNorm"
    assert config["encoder"]["weight_standardization"] is True
    assert config["encoder"]["channels"] == [256, 256, 256]


@pytest.mark.parametrize(
    ("dataset", "dense"),
    [("wikics", True), ("csbm", True), ("sbm", True), ("low_rank", True), ("ogbn_arxiv", True),
     *((name, False) for name in ("cora", "pubmed", "amazon_photo", "coauthor_cs", "digits"))],
)  # fmt: skip
def test_gca_counts_features_unless_the_recipe_says_they_are_dense(dataset, dense):
    augmentation = resolved(f"dataset={dataset}", "augmentation=gca_evc")["augmentation"]
    assert augmentation["view1"]["features"]["dense"] is dense


@pytest.mark.parametrize("dataset", list(PROTOCOLS))
def test_each_graph_comes_with_its_protocol(dataset):
    assert list(resolved(f"dataset={dataset}")["probe"]["protocols"]) == [PROTOCOLS[dataset]]


@pytest.mark.parametrize("name", PROBES)
def test_a_protocol_is_what_its_name_says(name):
    found = resolved(f"probe={name}")["probe"]["protocols"][name]
    kind, fixed = PROBES[name]
    assert found.pop("_target_") == f"graphssl.probing.{kind}"
    published = name in ("bgrl_official", "grace", "wikics_preset")
    rest = {"name": name, "solver": "sklearn" if published else "batched", "device": "cpu"}
    assert found == fixed | rest


RANDOM = {"masks": "random", "num_splits": 20, "train_ratio": 0.1, "val_ratio": 0.1}
BATCHED = {"solver": "batched", "device": "cpu"}
ADAM = RANDOM | {"num_splits": 1, "lr": 0.01, "weight_decay": 1e-4, "keep": "best", "device": "cpu"}
OTHER_PROBES = {
    "knn": ("NearestNeighbors", RANDOM | {"k": [1, 3, 5, 10, 20]}),
    "ridge": ("Ridge", RANDOM | {"log2_C": [-10, 10]}),
    "standardized": ("Standardized", RANDOM | BATCHED | {"log2_C": [-10, 10]}),
    "few_shot": ("FewShot", BATCHED | {"shots": 5, "num_splits": 50, "C": 1.0}),
    "kmeans": ("KMeansClusters", {"restarts": 10}),
    "link_prediction": (
        "LinkPrediction", BATCHED | {"num_splits": 5, "val_ratio": 0.33, "log2_C": [-10, 2]}
    ),
    "graphmae": ("AdamProbe", ADAM | {"masks": "given", "steps": 300}),
    "cca_ssg": ("AdamProbe", ADAM | {"masks": "given_or_random", "steps": 2000}),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_PROBES)
def test_another_probe_is_what_its_name_says(name):
    kind, fixed = OTHER_PROBES[name]
    found = resolved(f"probe={name}")["probe"]["protocols"][name]
    assert found == fixed | {"_target_": f"graphssl.probing.{kind}", "name": name}


@pytest.mark.parametrize(
    ("dataset", "lr", "weight_decay"),
    [("cora", 0.01, 1e-4), ("citeseer", 0.01, 1e-2), ("pubmed", 0.01, 1e-4),
     ("amazon_photo", 0.01, 1e-4), ("coauthor_cs", 0.005, 1e-4), ("coauthor_physics", 0.005, 1e-4),
     ("ogbn_arxiv", 0.01, 5e-4)],
)  # fmt: skip
@pytest.mark.parametrize("objective", ["bgrl", "graphmae"])
def test_published_linear_probes_have_the_settings_of_the_graph(
    dataset, lr, weight_decay, objective
):
    chosen = [f"dataset={dataset}", f"objective={objective}", "probe=[graphmae,cca_ssg]"]
    for probe in resolved(*chosen)["probe"]["protocols"].values():
        assert (probe["lr"], probe["weight_decay"]) == (lr, weight_decay)


def test_every_protocol_is_held_to_its_name():
    known = {*PROBES, *OTHER_PROBES}
    assert {path.stem for path in (config_dir() / "probe").glob("*.yaml")} == known


def test_the_protocol_said_on_the_command_line_wins():
    config = resolved("dataset=cora", "probe=[grace,bgrl_official]")
    assert set(config["probe"]["protocols"]) == {"grace", "bgrl_official"}


def targets(node):
    if isinstance(node, dict):
        if "_target_" in node:
            yield node["_target_"]
        for value in node.values():
            yield from targets(value)
    elif isinstance(node, list):
        for value in node:
            yield from targets(value)


@pytest.mark.parametrize(
    "path",
    sorted(config_dir().rglob("*.yaml")),
    ids=lambda p: p.relative_to(config_dir()).as_posix(),
)
def test_every_yaml_says_what_it_is_and_names_targets_that_exist(path):
    text = path.read_text(encoding="utf-8")
    comments = [x for x in text.splitlines()[:3] if x.startswith("# ") and "@package" not in x]
    assert comments, "a yaml begins with a line that says what it is"
    content = OmegaConf.to_container(OmegaConf.load(path))
    recipe = content if "recipe" in path.parts else content.get("recipe", {})
    named = [recipe["act"]] if "act" in recipe else []
    for target in [*targets(content), *named]:
        if target != "${recipe.act}":
            assert callable(get_object(target)), target


# What names the weights of a run, and what does not.
IDENTITY = [
    ("seed=1", True), ("trainer.steps=7", True), ("trainer.warmup=0.2", True),
    ("trainer.precision=bf16", True), ("trainer.schedule=constant", True),
    ("trainer.grad_clip=1.0", True), ("optimizer.lr=0.1", True),
    ("encoder=gat", True), ("encoder.channels=[8]", True), ("norm=layer", True), ("act=relu", True),
    ("objective=byol", True), ("recipe.ema=0.9", True), ("augmentation=none", True),
    ("augmentation.strength=0.5", True), ("recipe.dropout=0.5", True),
    ("regularizer=werank", True), ("dataset=cora", True),
    ("trainer.select=effective_rank_centred", True),
    ("paths.runs=elsewhere", False), ("paths.data=elsewhere", False), ("paths.mirror=m", False),
    ("trainer.device=cpu", False), ("trainer.progress=false", False), ("logger=tensorboard", False),
    ("trainer.log_every=3", False), ("trainer.eval_every=9", False), ("debug=true", False),
    ("trainer.checkpoint_every=9", False), ("trainer.threads=1", False), ("collision=skip", False),
    ("trainer.profile=true", False), ("trainer.cuda_graph=auto", False),
    ("trainer.matmul=default", False), ("trainer.matmul=onednn", False),
    ("probe=grace", False), ("probe.split_seed=4", False),
    ("diagnostics=end", False), ("save_embeddings=true", False), ("force=true", False),
    ("recipe.steps=300", False), ("augmentation.strength=1", False),
    ("+optimizer.fused=true", False), ("+optimizer.foreach=false", False),
    ("+optimizer.capturable=true", False), ("+optimizer.amsgrad=true", True),
    ("optimizer.weight_decay=0.1", True), ("optimizer=sgd", True),
    ("dataset.transform_seed=1", True), ("dataset.transform_seed=0", False),
    ("~dataset.transform_seed", False), ("dataset.transforms=[]", True),
    ("dataset.neighbors=6", True),
    ("encoder.plain_last=true", True), ("~encoder.plain_last", False),
    ("trainer.patience=null", False), ("trainer.select=loss", True),
    ("probe.protocols.random_10_10_80.num_splits=3", False), ("+tags.study=x", False),
]  # fmt: skip


ALPHA = "regularizer.alpha={%s}"
FEATURES, EDGES = (
    "features: {_target_: graphssl.augmentation.MaskFeatures, p: 0.1}",
    "edges: {_target_: graphssl.augmentation.DropEdges, p: 0.1}",
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # the first pattern that fits counts
        (["regularizer=werank", ALPHA % "encoder*: 1, *: 0.1"],
         ["regularizer=werank", ALPHA % "*: 0.1, encoder*: 1"]),
        # one random stream, drawn from in this order
        (["~augmentation.view1.features", "~augmentation.view1.edges",
          f"+augmentation.view1={{{FEATURES}, {EDGES}}}"],
         ["~augmentation.view1.features", "~augmentation.view1.edges",
          f"+augmentation.view1={{{EDGES}, {FEATURES}}}"]),
    ],
)  # fmt: skip
def test_order_counts_where_it_has_a_meaning(one, other):
    assert identity(resolved(*one)) != identity(resolved(*other))


def test_the_order_of_a_targets_arguments_has_none():
    one = resolved("+encoder.conv.bias=false", "+encoder.conv.improved=true")
    other = resolved("+encoder.conv.improved=true", "+encoder.conv.bias=false")
    assert identity(one) == identity(other)


@pytest.mark.parametrize(("override", "changes"), IDENTITY)
def test_what_changes_the_id(override, changes):
    assert (identity(resolved(override)) != identity(resolved())) == changes


@pytest.mark.parametrize("key", ["optimizer.lr", "optimizer.weight_decay", "augmentation.strength"])
def test_settings_count_to_their_last_digit(key):
    ids = [
        identity(resolved(f"{key}={value}"))
        for value in ("1e-9", "2e-9", "0.123456789", "0.1234567891")
    ]
    assert len(set(ids)) == 4


def test_the_checksums_of_files_are_no_part_of_the_id():
    with_trust = resolved("dataset=cora", "dataset.trust=true")
    assert identity(with_trust) == identity(resolved("dataset=cora"))


def test_the_file_of_a_users_own_graph_stands_in_for_its_path():
    here, there = (resolved("dataset=custom", f"dataset.path={p}") for p in ("a.npz", "b.npz"))
    assert identity(here, fingerprint="x") == identity(there, fingerprint="x")
    assert identity(here, fingerprint="x") != identity(here, fingerprint="y")


def test_labels_bring_the_protocol_into_the_id():
    one, other = resolved("objective=supervised"), resolved("objective=supervised", "probe=grace")
    assert identity(one, uses_labels=True) != identity(other, uses_labels=True)


@pytest.mark.parametrize(
    ("override", "changes"),
    [
        ("probe.split_seed=1", True),
        ("probe.protocols.random_10_10_80.num_splits=3", True),
        ("probe.protocols.random_10_10_80.train_ratio=0.2", True),
        ("probe.protocols.random_10_10_80.val_ratio=0.2", True),
        ("probe.protocols.random_10_10_80.solver=sklearn", False),
        ("probe.protocols.random_10_10_80.log2_C=[0,1]", False),
        ("probe.protocols.random_10_10_80.device=cuda", False),
        ("probe.protocols.random_10_10_80.name=other", False),
        ("probe.protocols.random_10_10_80._target_=mine.Protocol", True),
    ],
)
def test_with_labels_what_draws_the_split_counts_and_nothing_else(override, changes):
    one, other = resolved(), resolved(override)
    assert (identity(one, uses_labels=True) != identity(other, uses_labels=True)) == changes


def test_all_of_a_protocol_that_is_not_ours_counts():
    mine = "probe.protocols.random_10_10_80._target_=mine.Protocol"
    one, other = resolved(mine), resolved(mine, "probe.protocols.random_10_10_80.solver=sklearn")
    assert identity(one, uses_labels=True) != identity(other, uses_labels=True)


def test_patience_is_part_of_the_id_and_the_steps_between_evaluations_are_not_for_the_loss():
    loss = ("trainer.select=loss",)
    ids = [identity(resolved(*loss, *more)) for more in ([], ["trainer.patience=3"])]
    assert ids[0] != ids[1]
    assert identity(resolved(*loss, "trainer.eval_every=9")) == ids[0]


@pytest.mark.parametrize("select", ["val_accuracy", "effective_rank_centred"])
def test_the_steps_between_evaluations_count_under_selection(select):
    one, other = (
        resolved(f"trainer.select={select}", f"trainer.eval_every={every}") for every in (5, 9)
    )
    assert identity(one) != identity(other)

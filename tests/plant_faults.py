"""Plant faults in the source, one at a time, and see whether the tests notice.

Run by hand, from anywhere; the working tree is never written to::

    python tests/plant_faults.py                 # every fault against the tests named beside it
    python tests/plant_faults.py --only ema      # those with "ema" in their name
    python tests/plant_faults.py --list          # names, files, and whether each still applies
    python tests/plant_faults.py --all-tests     # against the whole fast suite: minutes each
    python tests/plant_faults.py --jobs 2        # two at a time

Each fault replaces one piece of text, which must occur exactly once, in a temporary copy of ``src``
and ``conf``; the tests named beside it then run on that copy. A fault is

- killed: a test failed, as it should; the report names the first one;
- SURVIVED: all tests passed, so that a test is missing;
- timed out: no verdict, and no kill;
- broken: pytest could not run the tests at all, so that the fault says nothing;
- not applicable: the old text is not there exactly once, because the source has changed: mend the
  entry, or delete it if what it breaks is gone.

Before any fault the same tests run on an unchanged copy: where they fail, no kill would mean a
thing. The exit status is 0 only if every fault was killed.

A new fault is one more ``Fault`` below: choose a mistake that somebody could make, that leaves the
code running and the numbers plausible. Paths are relative to ``src/graphssl``.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("src/graphssl")
PYTEST = ("-x", "-q", "-p", "no:cacheprovider", "-m", "not slow")


@dataclass(frozen=True)
class Fault:
    """One mistake.

    Attributes:
        name: what is wrong, in words with dashes; begins with the room.
        file: relative to ``src/graphssl``.
        old: text that occurs exactly once in it.
        new: what stands there instead.
        tests: files, or tests of a file as pytest names them, that should notice, separated by
            spaces.
    """

    name: str
    file: str
    old: str
    new: str
    tests: str


FAULTS = (
    # ---- any graph
    Fault(
        name="any-graph-splits-are-positions-among-labelled-nodes",
        file="probing/labelled.py",
        old="Split(*(nodes[ids] for ids in split))",
        new="Split(*split)",
        tests="tests/probing/test_labelled.py",
    ),
    Fault(
        name="any-graph-protocols-see-unlabelled-rows",
        file="probing/labelled.py",
        old="protocol.score(embeddings[nodes], y[nodes], among, seed)",
        new="protocol.score(embeddings, y, splits, seed)",
        tests="tests/probing/test_labelled.py",
    ),
    Fault(
        name="any-graph-micro-f1-counts-pairs-once",
        file="probing/metrics.py",
        old="int(y.sum() + predicted.sum())",
        new="2 * int(((y + predicted) > 0).sum())",
        tests="tests/probing/test_labelled.py",
    ),
    Fault(
        name="any-graph-edge-list-reversed",
        file="data/edge_list.py",
        old="torch.from_numpy(np.stack(rows))",
        new="torch.from_numpy(np.stack(rows[::-1]))",
        tests="tests/data/test_edge_list.py",
    ),
    Fault(
        name="any-graph-loops-of-networkx-twice",
        file="data/from_python.py",
        old=" if both and source != target else []",
        new=" if both else []",
        tests="tests/data/test_from_python.py",
    ),
    Fault(
        name="any-graph-trailing-nodes-without-features-lost",
        file="data/node_dataset.py",
        old='for key in ("y", *MASKS, "pos"):',
        new='for key in ("pos",):',
        tests="tests/data/test_labels.py",
    ),
    Fault(
        name="any-graph-embeds-narrower-features",
        file="pipeline/embed_command.py",
        old="if trained != given:",
        new="if trained < given:",
        tests="tests/pipeline/test_embed_and_probe.py",
    ),
    Fault(
        name="any-graph-rows-joined-the-wrong-way",
        file="pipeline/embedding_file.py",
        old="index.get_indexer_for(pd.Index(own))",
        new="pd.Index(own).get_indexer_for(index)",
        tests="tests/pipeline/test_embed_and_probe.py",
    ),
    Fault(
        name="any-graph-direction-read-backwards",
        file="encoders/edge_use.py",
        old="backwards = bool(reached[1, 0])",
        new="backwards = bool(reached[0, 1])",
        tests="tests/encoders/test_edge_use.py",
    ),
    # ---- data
    Fault(
        name="data-wikics-standardised-first",
        file="../../conf/dataset/wikics.yaml",
        old="  transforms:\n",
        new="""  transforms:
    - {_target_: graphssl.data.StandardizeFeatures}
""",
        tests="tests/test_wiring_configs.py",
    ),
    Fault(
        name="data-transforms-in-reverse",
        file="data/transformed.py",
        old="for transform in transforms:",
        new="for transform in reversed(transforms):",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="data-transforms-draw-from-the-global-streams",
        file="data/transformed.py",
        old="""    with every_global_stream(seed, "transforms"):
""",
        new="""    if True:
""",
        tests="tests/data/test_transformed.py",
    ),
    Fault(
        name="data-node-ids-counted-anew-after-a-transform",
        file="data/node_dataset.py",
        old="ids = positions if ids is None else _followed(ids, positions)",
        new="ids = np.arange(len(dataset.y))",
        tests="tests/data/test_transformed.py",
    ),
    Fault(
        name="data-node-ids-of-the-first-nodes-after-a-transform",
        file="data/node_dataset.py",
        old="node_ids[positions])",
        new="node_ids[: len(positions)])",
        tests="tests/data/test_transformed.py",
    ),
    Fault(
        name="data-standardize-with-sample-std",
        file="data/transforms.py",
        old="unbiased=False",
        new="unbiased=True",
        tests="tests/data/test_node_dataset.py",
    ),
    Fault(
        name="data-edge-weights-lost",
        file="data/node_dataset.py",
        old="edge_index.long(), _weights(name, str(weight), edge_weight, edge_index)),",
        new="edge_index.long()),",
        tests="tests/data/test_node_dataset.py tests/data/test_custom.py",
    ),
    Fault(
        name="data-edge-attr-dropped",
        file="data/facts.py",
        old='return "edge_attr" if one_each else None',
        new="return None",
        tests="tests/data/test_facts.py tests/data/test_custom.py tests/data/test_node_dataset.py",
    ),
    Fault(
        name="data-mask-columns-mixed",
        file="data/node_dataset.py",
        old="columns = {key: mask.expand(-1, num_splits) for key, mask in columns.items()}",
        new="columns = {key: mask[:, :1].expand(-1, num_splits) for key, mask in columns.items()}",
        tests="tests/data/test_node_dataset.py",
    ),
    Fault(
        name="data-float-masks-by-bool",
        file="data/node_dataset.py",
        old="booleans(name, key, given[key]).reshape(mask.shape)",
        new="mask.bool()",
        tests="tests/data/test_malformed_files.py",
    ),
    Fault(
        name="data-own-graph-named-by-its-path",
        file="data/custom.py",
        old="self.transforms, sha256(path), self.transform_seed",
        new="self.transforms, str(path), self.transform_seed",
        tests="tests/data/test_custom.py tests/sweeps/test_grids.py",
    ),
    Fault(
        name="data-csbm-heterophilous",
        file="data/synthetic.py",
        old="2, (average_degree + spread) / num_nodes, (average_degree - spread) / num_nodes",
        new="2, (average_degree - spread) / num_nodes, (average_degree + spread) / num_nodes",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="data-csbm-features-say-nothing",
        file="data/synthetic.py",
        old='* (2 * y[:, None] - 1).astype("f4") * u',
        new="* u",
        tests="tests/data/test_synthetic.py",
    ),
    Fault(
        name="data-digits-mutual-neighbours",
        file="data/digits.py",
        old="near.maximum(near.T)",
        new="near.minimum(near.T)",
        tests="tests/data/test_builtin_datasets.py",
    ),
    Fault(
        name="data-content-hash-without-masks",
        file="data/content_hash.py",
        old='        "val_mask": (data.val_mask, "?"),\n',
        new="",
        tests="tests/data/test_content_hash.py",
    ),
    Fault(
        name="data-content-hash-without-edge-weights",
        file="data/content_hash.py",
        old='        "edge_weight": (data.graph.edge_weight, "<f4"),\n',
        new="",
        tests="tests/data/test_content_hash.py",
    ),
    Fault(
        name="data-content-hash-of-values-without-their-places",
        file="data/content_hash.py",
        old='            digest.update(where.astype("<u4"))\n',
        new="",
        tests="tests/data/test_content_hash.py",
    ),
    Fault(
        name="data-one-stream-of-transforms-for-every-seed",
        file="data/transformed.py",
        old='every_global_stream(seed, "transforms")',
        new='every_global_stream(0, "transforms")',
        tests="tests/data/test_transformed.py",
    ),
    Fault(
        name="data-edges-listed-once-not-warned-of",
        file="data/facts.py",
        old="_LISTED_ONCE = 0.9",
        new="_LISTED_ONCE = 1.1",
        tests="tests/data/test_facts.py",
    ),
    Fault(
        name="data-repeated-edges-count-as-without-reverse",
        file="data/facts.py",
        old="(pairs.size - both) / max(pairs.size, 1)",
        new="(int(between.sum()) - both) / max(pairs.size, 1)",
        tests="tests/data/test_facts.py",
    ),
    Fault(
        name="data-a-node-that-a-transform-adds-takes-the-last-id",
        file="data/node_dataset.py",
        old="return np.where(positions < 0, added, node_ids[positions])",
        new="return node_ids[positions]",
        tests="tests/data/test_transformed.py",
    ),
    Fault(
        name="data-rows-below-one-divided-too",
        file="data/transforms.py",
        old=".clamp(min=1.0)",
        new="",
        tests="tests/data/test_dataset_configs.py tests/data/test_node_dataset.py",
    ),
    # ---- augmentation
    Fault(
        name="augmentation-second-view-is-the-first",
        file="augmentation/two_views.py",
        old="return _compose(self.view1, view, generator), _compose(self.view2, view, generator)",
        new="""first = _compose(self.view1, view, generator)
        return first, first""",
        tests="tests/augmentation/test_two_views.py",
    ),
    Fault(
        name="augmentation-second-view-as-the-first-is-told",
        file="augmentation/two_views.py",
        old="return _compose(self.view1, view, generator), _compose(self.view2, view, generator)",
        new="return _compose(self.view1, view, generator), _compose(self.view1, view, generator)",
        tests="tests/augmentation/test_two_views.py",
    ),
    Fault(
        name="augmentation-second-view-of-the-first",
        file="augmentation/two_views.py",
        old="return _compose(self.view1, view, generator), _compose(self.view2, view, generator)",
        new="""first = _compose(self.view1, view, generator)
        return first, _compose(self.view2, first, generator)""",
        tests="tests/test_wiring_run.py tests/augmentation/test_two_views.py",
    ),
    Fault(
        name="augmentation-strength-ignored",
        file="augmentation/two_views.py",
        old="    p = strength * dropping.p\n",
        new="    p = dropping.p\n",
        tests="tests/augmentation/test_two_views.py",
    ),
    Fault(
        name="augmentation-features-from-the-global-stream",
        file="augmentation/mask_features.py",
        old="torch.rand(view.num_features, generator=generator, device=device)",
        new="torch.rand(view.num_features, device=device)",
        tests="tests/augmentation/test_augmentations.py",
    ),
    Fault(
        name="augmentation-features-kept-as-often-as-dropped",
        file="augmentation/mask_features.py",
        old="uniforms >= p",
        new="uniforms < p",
        tests="tests/augmentation/test_mask_features.py",
    ),
    Fault(
        name="augmentation-edges-always-in-pairs",
        file="augmentation/drop_edges.py",
        old="    if not undirected:\n",
        new="    if False:\n",
        tests="tests/augmentation/test_drop_edges.py",
    ),
    Fault(
        name="augmentation-pairs-by-direction",
        file="augmentation/drop_edges.py",
        old="low, high = graph.edge_index.amin(0), graph.edge_index.amax(0)",
        new="low, high = graph.edge_index",
        tests="tests/augmentation/test_drop_edges.py",
    ),
    Fault(
        name="augmentation-dropped-node-keeps-its-incoming-edges",
        file="augmentation/drop_nodes.py",
        old="kept.index_select(0, source) & kept.index_select(0, target)",
        new="kept.index_select(0, source)",
        tests="tests/augmentation/test_drop_nodes.py",
    ),
    Fault(
        name="augmentation-later-edge-mask-replaces-the-earlier",
        file="graph.py",
        old="both = mask if self.edge_mask is None else self.edge_mask & mask",
        new="both = mask",
        tests="tests/augmentation/test_two_views.py tests/test_graph.py",
    ),
    Fault(
        name="augmentation-later-feature-mask-replaces-the-earlier",
        file="graph.py",
        old="both = mask if self.feature_mask is None else self.feature_mask & mask",
        new="both = mask",
        tests="tests/augmentation/test_two_views.py tests/test_graph.py",
    ),
    Fault(
        name="augmentation-gca-edges-by-their-source",
        file="augmentation/importance.py",
        old="ends.mean(0) if undirected else ends[1]",
        new="ends.mean(0) if undirected else ends[0]",
        tests="tests/augmentation/test_importance.py",
    ),
    Fault(
        name="augmentation-gca-edges-without-cutoff",
        file="augmentation/by_centrality.py",
        old="return view.keep_edges(uniforms >= (self.p * ratio).clamp(max=self.p_tau))",
        new="return view.keep_edges(uniforms >= self.p * ratio)",
        tests="tests/augmentation/test_by_centrality.py",
    ),
    Fault(
        name="augmentation-gca-ratio-upside-down",
        file="augmentation/importance.py",
        old="ratio = (s_max - s) / (s_max - s_mean)",
        new="ratio = (s - s[counts].min()) / (s_mean - s[counts].min())",
        tests="tests/augmentation/test_importance.py",
    ),
    Fault(
        name="augmentation-gca-log-of-one-more",
        file="augmentation/importance.py",
        old="importance.log()",
        new="importance.log1p()",
        tests="tests/augmentation/test_importance.py tests/augmentation/test_gca_twin.py",
    ),
    Fault(
        name="augmentation-pagerank-leaks-at-dangling-nodes",
        file="augmentation/centrality.py",
        old="(received + (rank @ dangling) / num_nodes)",
        new="received",
        tests="tests/augmentation/test_centrality.py",
    ),
    Fault(
        name="augmentation-second-view-repeats-the-draws-of-the-first",
        file="augmentation/two_views.py",
        old="return _compose(self.view1, view, generator), _compose(self.view2, view, generator)",
        new="""state = generator.get_state()
        first = _compose(self.view1, view, generator)
        generator.set_state(state)
        return first, _compose(self.view2, view, generator)""",
        tests="tests/augmentation/test_two_views.py tests/test_wiring_run.py",
    ),
    Fault(
        name="augmentation-gca-binary-features-by-magnitude",
        file="augmentation/importance.py",
        old="(rows.abs() if dense else (rows != 0))",
        new="(rows.abs() if not dense else (rows != 0))",
        tests="tests/augmentation/test_importance.py tests/augmentation/test_gca_twin.py",
    ),
    Fault(
        name="augmentation-gca-features-without-cutoff",
        file="augmentation/by_centrality.py",
        old="return view.keep_features(uniforms >= (self.p * ratio).clamp(max=self.p_tau))",
        new="return view.keep_features(uniforms >= self.p * ratio)",
        tests="tests/augmentation/test_by_centrality.py tests/augmentation/test_gca_twin.py",
    ),
    Fault(
        name="augmentation-gca-pairs-weighted-by-one-end",
        file="augmentation/by_centrality.py",
        old="edge_drop_ratio(view.graph, self.centrality, self.undirected)",
        new="edge_drop_ratio(view.graph, self.centrality, False)",
        tests="tests/augmentation/test_by_centrality.py",
    ),
    Fault(
        name="augmentation-eigenvector-without-the-small-number",
        file="augmentation/centrality.py",
        old="self.iterations) + 1e-8",
        new="self.iterations)",
        tests="tests/augmentation/test_centrality.py tests/augmentation/test_gca_twin.py",
    ),
    Fault(
        name="augmentation-pagerank-along-reversed-edges",
        file="augmentation/centrality.py",
        old="""    source, target = edge_index
    out_degree""",
        new="""    target, source = edge_index
    out_degree""",
        tests="tests/augmentation/test_centrality.py",
    ),
    Fault(
        name="augmentation-degree-of-sources",
        file="augmentation/centrality.py",
        old="torch.bincount(edge_index[1], minlength=num_nodes).double()",
        new="torch.bincount(edge_index[0], minlength=num_nodes).double()",
        tests="tests/augmentation/test_centrality.py",
    ),
    # ---- encoders
    Fault(
        name="sage-mean-counts-hidden-edges",
        file="encoders/fast/neighbours.py",
        old="degree = pattern.forward.crow.diff().clamp(min=1)",
        new="degree = _pattern(view.graph).forward.crow.diff().clamp(min=1)",
        tests="tests/encoders/fast/test_sage_and_gin.py",
    ),
    Fault(
        name="gin-drops-epsilon",
        file="encoders/fast/gin_propagation.py",
        old="1 + conv.eps",
        new="1 + 0 * conv.eps",
        tests="tests/encoders/fast/test_sage_and_gin.py",
    ),
    Fault(
        name="matmul-ignores-amx",
        file="training/matmul.py",
        old="and not amx",
        new="and amx is not None",
        tests="tests/training/test_matmul.py",
    ),
    Fault(
        name="allocator-gives-nothing-back",
        file="training/allocator.py",
        old="        libc.malloc_trim(0)\n",
        new="        pass\n",
        tests="tests/training/test_allocator.py",
    ),
    Fault(
        name="encoder-second-view-passes-the-norms-first",
        file="encoders/conv_stack.py",
        old="""        h1 = _in_graph_order(self._after_first(firsts.pop(0), fast, view1), number)
        return h1, _in_graph_order(self._after_first(firsts.pop(), fast, view2), number)
""",
        new="""        h2 = _in_graph_order(self._after_first(firsts.pop(), fast, view2), number)
        return _in_graph_order(self._after_first(firsts.pop(0), fast, view1), number), h2
""",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="encoder-second-view-passes-the-norms-first-in-a-slow-stack",
        file="encoders/conv_stack.py",
        old="            return self.encode_view(view1), self.encode_view(view2)\n",
        new="""            h2 = self.encode_view(view2)
            return self.encode_view(view1), h2
""",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="encoder-second-view-passes-the-norms-first-in-any-module",
        file="encoders/encoding.py",
        old="    return encode(encoder, view1), encode(encoder, view2)\n",
        new="""    h2 = encode(encoder, view2)
    return encode(encoder, view1), h2
""",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="encoder-slow-stack-sees-every-edge",
        file="encoders/conv_stack.py",
        old="return self.forward(view.x, view.edge_index, view.edge_weight)",
        new="return self.forward(view.x, view.graph.edge_index, view.graph.edge_weight)",
        tests="tests/encoders/test_conv_stack.py tests/encoders/test_encoder_contract.py",
    ),
    Fault(
        name="encoder-any-module-sees-every-feature",
        file="encoders/encoding.py",
        old="encoder(view.x, view.edge_index, edge_weight=edge_weight)",
        new="encoder(view.graph.x, view.edge_index, edge_weight=edge_weight)",
        tests="tests/encoders/test_encoder_contract.py",
    ),
    Fault(
        name="encoder-activation-before-norm",
        file="encoders/conv_stack.py",
        old="self.acts[layer](self.norms[layer](h))",
        new="self.norms[layer](self.acts[layer](h))",
        tests="tests/objectives/test_bgrl_twin.py tests/encoders/test_conv_stack.py",
    ),
    Fault(
        name="encoder-first-layer-standardised-too",
        file="encoders/conv_stack.py",
        old="if self.weight_standardization and layer > 0:",
        new="if self.weight_standardization:",
        tests="tests/encoders/test_conv_stack.py",
    ),
    Fault(
        name="encoder-standardised-with-population-variance",
        file="encoders/conv_stack.py",
        old="torch.var_mean(weight, dim=1, keepdim=True)",
        new="torch.var_mean(weight, dim=1, keepdim=True, correction=0)",
        tests="tests/test_wiring_step.py tests/encoders/test_conv_stack.py",
    ),
    Fault(
        name="encoder-standardised-over-outputs",
        file="encoders/conv_stack.py",
        old="torch.var_mean(weight, dim=1, keepdim=True)",
        new="torch.var_mean(weight, dim=0, keepdim=True)",
        tests="tests/test_wiring_step.py tests/encoders/test_conv_stack.py",
    ),
    Fault(
        name="encoder-gcn-degrees-of-sources",
        file="encoders/fast/gcn_propagation.py",
        old="loop_weight.index_add(0, plan.target, edge_weight)",
        new="loop_weight.index_add(0, plan.source, edge_weight)",
        tests="tests/encoders/fast/test_gcn_propagation.py",
    ),
    Fault(
        name="encoder-gcn-degrees-of-the-whole-graph",
        file="encoders/fast/gcn_propagation.py",
        old="degree = loop_weight.index_add(0, plan.target, edge_weight)",
        new="degree = loop_weight.index_add(0, plan.target, weight.index_select(0, plan.edge))",
        tests="tests/encoders/fast/test_gcn_propagation.py",
    ),
    Fault(
        name="encoder-gcn-loops-of-the-graph-count-as-one",
        file="encoders/fast/gcn_propagation.py",
        old="scale.square() * loop_weight])",
        new="scale.square()])",
        tests="tests/encoders/fast/test_gcn_propagation.py",
    ),
    Fault(
        name="encoder-gcn-gradient-not-transposed",
        file="encoders/fast/sparse.py",
        old="return multiply(ctx.matrix.transposed, grad), None",
        new="return multiply(ctx.matrix.forward, grad), None",
        tests="tests/encoders/fast/test_gcn_propagation.py",
    ),
    Fault(
        name="encoder-gat-slope-fixed-in-the-gradient",
        file="encoders/fast/gat_propagation.py",
        old="leaky_relu_backward(grad_logit.mul_(a), z, ctx.slope, False)",
        new="leaky_relu_backward(grad_logit.mul_(a), z, 0.2, False)",
        tests="tests/test_wiring_step.py tests/encoders/fast/test_gat_propagation.py",
    ),
    Fault(
        name="encoder-gat-source-and-target-vectors-swapped",
        file="encoders/fast/gat_propagation.py",
        old="for vector in (conv.att_src, conv.att_dst))",
        new="for vector in (conv.att_dst, conv.att_src))",
        tests="tests/encoders/fast/test_gat_propagation.py",
    ),
    Fault(
        name="encoder-gat-hidden-edges-in-the-softmax",
        file="encoders/fast/gat_propagation.py",
        old="    if view.edge_mask is not None:\n",
        new="    if False:\n",
        tests="tests/encoders/fast/test_gat_propagation.py",
    ),
    Fault(
        name="encoder-first-products-own-columns-swapped",
        file="encoders/fast/first_product.py",
        old="(shown1 & shown2, shown1 & ~shown2, shown2 & ~shown1)",
        new="(shown1 & shown2, shown2 & ~shown1, shown1 & ~shown2)",
        tests="tests/encoders/fast/test_first_product.py",
    ),
    Fault(
        name="encoder-node-order-not-undone",
        file="encoders/conv_stack.py",
        old="return h if number is None else h.index_select(0, number)",
        new="return h if number is None else h.index_select(0, number.argsort())",
        tests="tests/encoders/fast/test_node_order.py",
    ),
    Fault(
        name="encoder-node-order-loses-edge-weights",
        file="encoders/fast/node_order.py",
        old="return Graph(x.index_select(0, order), edge_index, graph.edge_weight), number",
        new="return Graph(x.index_select(0, order), edge_index), number",
        tests="tests/test_wiring_step.py tests/encoders/fast/test_node_order.py",
    ),
    Fault(
        name="encoder-prelu-slope-gradient-of-the-positive-side",
        file="encoders/prelu.py",
        old="x.clamp(max=0)",
        new="x.clamp(min=0)",
        tests="tests/encoders/test_prelu.py",
    ),
    Fault(
        name="encoder-head-norm-after-the-activation",
        file="encoders/heads.py",
        old="""            *([nn.BatchNorm1d(hidden_channels)] if batch_norm else []),
            act(),
""",
        new="""            act(),
            *([nn.BatchNorm1d(hidden_channels)] if batch_norm else []),
""",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="encoder-weights-heads-interleaved",
        file="encoders/layer_weights.py",
        old="enumerate(weight.chunk(self.heads[name]))",
        new="enumerate(weight[h :: self.heads[name]] for h in range(self.heads[name]))",
        tests="tests/encoders/test_layer_weights.py tests/regularizers/test_werank.py",
    ),
    Fault(
        name="encoder-weights-of-in-out-layers-not-turned",
        file="encoders/layer_weights.py",
        old="            return weight.T\n",
        new="            return weight\n",
        tests="tests/encoders/test_layer_weights.py",
    ),
    Fault(
        name="encoder-weights-attention-counts",
        file="encoders/layer_weights.py",
        old='return key.startswith("att") or "bias" in key',
        new='return "bias" in key',
        tests="tests/encoders/test_layer_weights.py",
    ),
    Fault(
        name="encoder-dropout-in-eval-mode",
        file="encoders/conv_stack.py",
        old="nn.functional.dropout(x, self.dropout, self.training)",
        new="nn.functional.dropout(x, self.dropout, True)",
        tests="tests/encoders/test_conv_stack.py",
    ),
    Fault(
        name="encoder-dropout-of-the-features-alone",
        file="encoders/conv_stack.py",
        old="nn.functional.dropout(x, self.dropout, self.training)",
        new="nn.functional.dropout(x, self.dropout, self.training and layer == 0)",
        tests="tests/encoders/test_conv_stack.py tests/objectives/test_supervised.py",
    ),
    Fault(
        name="encoder-no-dropout-on-the-fast-path",
        file="encoders/conv_stack.py",
        old="if view.replaces or (self.training and self.dropout > 0):",
        new="if view.replaces:",
        tests="tests/encoders/test_conv_stack.py tests/objectives/test_supervised.py",
    ),
    Fault(
        name="encoder-layers-side-by-side-in-reverse",
        file="encoders/conv_stack.py",
        old="torch.cat(outputs, dim=1)",
        new="torch.cat(outputs[::-1], dim=1)",
        tests="tests/encoders/test_conv_stack.py",
    ),
    Fault(
        name="encoder-shortcuts-not-drawn-anew",
        file="encoders/conv_stack.py",
        old="[*self.maps, *self.norms, *self.acts, *self.shortcuts]",
        new="[*self.maps, *self.norms, *self.acts]",
        tests="tests/encoders/test_conv_stack.py tests/test_wiring_step.py",
    ),
    Fault(
        name="encoder-shortcut-inside-the-activation",
        file="encoders/conv_stack.py",
        old="""        h = self.acts[layer](self.norms[layer](h))
        return h + self.shortcuts[layer - 1](before) if self.shortcuts and layer > 0 else h
""",
        new="""        h = self.norms[layer](h)
        h = h + self.shortcuts[layer - 1](before) if self.shortcuts and layer > 0 else h
        return self.acts[layer](h)
""",
        tests="tests/encoders/test_conv_stack.py",
    ),
    Fault(
        name="encoder-weights-of-shared-layers-count-twice",
        file="encoders/layer_weights.py",
        old="if id(parameter) in seen or (trainable and not parameter.requires_grad):",
        new="if trainable and not parameter.requires_grad:",
        tests="tests/encoders/test_layer_weights.py",
    ),
    Fault(
        name="encoder-weights-before-their-parametrization",
        file="encoders/layer_weights.py",
        old="makers.parameters(recurse=False)), getattr(module, key)",
        new="makers.parameters(recurse=False)), next(makers.parameters(recurse=False))",
        tests="tests/encoders/test_layer_weights.py",
    ),
    # ---- objectives
    Fault(
        name="objective-bgrl-predicts-its-own-view",
        file="objectives/bgrl.py",
        old="cosine_loss(q1, y2, q2, y1), (h1, h2)",
        new="cosine_loss(q1, y1, q2, y2), (h1, h2)",
        tests="tests/objectives/test_bgrl_twin.py",
    ),
    Fault(
        name="objective-byol-predicts-its-own-view",
        file="objectives/byol.py",
        old="cosine_loss(q1, y2, q2, y1), (h1, h2)",
        new="cosine_loss(q1, y1, q2, y2), (h1, h2)",
        tests="tests/objectives/test_byol.py",
    ),
    Fault(
        name="objective-embeddings-are-the-representations",
        file="objectives/bgrl.py",
        old="(h1, h2), (q1, q2))",
        new="(h1, h2), (h1, h2))",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="objective-target-in-eval-mode",
        file="objectives/bgrl.py",
        old="y1, y2 = encode_pair(self.target_encoder, view1, view2)",
        new="y1, y2 = encode_pair(self.target_encoder.eval(), view1, view2)",
        tests="tests/objectives/test_bgrl_twin.py",
    ),
    Fault(
        name="objective-target-follows-the-gradient",
        file="objectives/bgrl.py",
        old="return 2.0 - _mean_cosine(q1, y2.detach()) - _mean_cosine(q2, y1.detach())",
        new="return 2.0 - _mean_cosine(q1, y2) - _mean_cosine(q2, y1)",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="objective-target-starts-as-the-online-network",
        file="objectives/target_network.py",
        old="    target.reset_parameters()  # type: ignore[operator]\n",
        new="",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="objective-ema-moves-buffers",
        file="objectives/target_network.py",
        old="    followed = dict(target.named_parameters())\n",
        new="    followed = target.state_dict()\n",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="objective-ema-a-step-late-in-bgrl",
        file="objectives/bgrl.py",
        old="ema_momentum(step - 1, total, self.ema)",
        new="ema_momentum(step, total, self.ema)",
        tests="tests/objectives/test_bgrl_twin.py",
    ),
    Fault(
        name="objective-ema-a-step-late-in-byol",
        file="objectives/byol.py",
        old="ema_momentum(step - 1, total, self.ema)",
        new="ema_momentum(step, total, self.ema)",
        tests="tests/objectives/test_byol.py",
    ),
    Fault(
        name="objective-byol-target-through-the-online-projector",
        file="objectives/byol.py",
        old="y1, y2 = self.target_projector(h1_target), self.target_projector(h2_target)",
        new="y1, y2 = self.projector(h1_target), self.projector(h2_target)",
        tests="tests/objectives/test_byol.py",
    ),
    Fault(
        name="objective-byol-projector-not-followed",
        file="objectives/byol.py",
        old="        ema_update(self.target_projector, self.projector, momentum)\n",
        new="",
        tests="tests/objectives/test_byol.py",
    ),
    Fault(
        name="objective-supervised-sees-the-second-view",
        file="objectives/supervised.py",
        old="h = encode(self.encoder, view1)",
        new="h = encode(self.encoder, view2)",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="objective-supervised-learns-from-validation-nodes",
        file="pipeline/prepare.py",
        old="train_nodes = torch.from_numpy(split[1].train)",
        new="train_nodes = torch.from_numpy(split[1].val)",
        tests="tests/pipeline/test_run.py",
    ),
    Fault(
        name="objective-ema-does-not-rise",
        file="objectives/bgrl.py",
        old="ema_momentum(step - 1, total, self.ema)",
        new="self.ema",
        tests="tests/objectives/test_bgrl_twin.py",
    ),
    Fault(
        name="objective-ema-shares-swapped",
        file="objectives/target_network.py",
        old="""    torch._foreach_mul_(targets, momentum)
    torch._foreach_add_(targets, onlines, alpha=1.0 - momentum)
""",
        new="""    torch._foreach_mul_(targets, 1.0 - momentum)
    torch._foreach_add_(targets, onlines, alpha=momentum)
""",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="objective-supervised-without-dropout-before-its-classifier",
        file="objectives/supervised.py",
        old="layer, nn.Identity, dropout=dropout)",
        new="layer, nn.Identity)",
        tests="tests/objectives/test_supervised.py",
    ),
    # ---- regularizers
    Fault(
        name="regularizer-gram-of-the-other-side",
        file="regularizers/gram.py",
        old='{"output": out_size - in_size, "input": in_size - out_size, "smaller": 0}',
        new='{"output": in_size - out_size, "input": out_size - in_size, "smaller": 0}',
        tests="tests/regularizers/test_gram.py",
    ),
    Fault(
        name="regularizer-floor-not-rooted",
        file="regularizers/gram.py",
        old="else math.sqrt(zeros)",
        new="else float(zeros)",
        tests="tests/regularizers/test_gram.py",
    ),
    Fault(
        name="regularizer-gradient-halved",
        file="regularizers/gram.py",
        old="scale = 4.0 * grad if ctx.squared else",
        new="scale = 2.0 * grad if ctx.squared else",
        tests="tests/regularizers/test_gram.py",
    ),
    Fault(
        name="regularizer-alpha-applied-twice",
        file="regularizers/weight_penalty.py",
        old="term = alpha * values[name]",
        new="term = alpha * alpha * values[name]",
        tests="tests/regularizers/test_werank.py",
    ),
    Fault(
        name="regularizer-floor-without-alpha",
        file="regularizers/weight_penalty.py",
        old="floor = sum(alphas[name] * floors[name] for name in alphas)",
        new="floor = sum(floors[name] for name in alphas)",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="regularizer-heads-the-wrong-way-round",
        file="regularizers/weight_penalty.py",
        old='if self.heads == "separately":',
        new='if self.heads == "jointly":',
        tests="tests/regularizers/test_werank.py",
    ),
    Fault(
        name="regularizer-layers-by-any-part-of-the-name",
        file="encoders/layer_weights.py",
        old='f"{k}.".startswith(f"{layers}.")',
        new="layers in k",
        tests="tests/test_wiring_step.py tests/regularizers/test_werank.py",
    ),
    Fault(
        name="regularizer-decoupled-step-ignores-the-schedule",
        file="regularizers/weight_penalty.py",
        old="return part, {name: alpha * self._factor for name, alpha in alphas.items()}",
        new="""factor = self._factor if self.apply == "loss" else 1.0
        return part, {name: alpha * factor for name, alpha in alphas.items()}""",
        tests="tests/test_wiring_step.py tests/regularizers/test_werank.py",
    ),
    Fault(
        name="regularizer-last-pattern-counts",
        file="regularizers/alpha.py",
        old="""                chosen[layer] = float(value)
                break
""",
        new="""                chosen[layer] = float(value)
""",
        tests="tests/regularizers/test_alpha.py",
    ),
    Fault(
        name="regularizer-schedule-over-the-whole-run",
        file="regularizers/alpha.py",
        old="    steps = total if steps is None else steps\n",
        new="    steps = total\n",
        tests="tests/regularizers/test_alpha.py",
    ),
    Fault(
        name="regularizer-covariance-over-n",
        file="objectives/vicreg.py",
        old="/ (z.size(0) - 1)",
        new="/ z.size(0)",
        tests="tests/regularizers/test_comparisons.py",
    ),
    Fault(
        name="regularizer-covariance-of-one-view",
        file="regularizers/variance_covariance.py",
        old="(covariance_term, z) for z in views]",
        new="(covariance_term, z) for z in views[:1]]",
        tests="tests/regularizers/test_comparisons.py",
    ),
    Fault(
        name="regularizer-srip-of-the-larger-gram",
        file="regularizers/srip.py",
        old="short = weight if weight.size(0) <= weight.size(1) else weight.T",
        new="short = weight if weight.size(0) >= weight.size(1) else weight.T",
        tests="tests/regularizers/test_comparisons.py",
    ),
    Fault(
        name="regularizer-sum-keeps-the-first-steps-alphas",
        file="regularizers/sum.py",
        old="if all(terms[name] is term for name, term in self.terms.items()):",
        new="if any(terms[name] is term for name, term in self.terms.items()):",
        tests="tests/test_wiring_step.py tests/regularizers/test_comparisons.py",
    ),
    Fault(
        name="regularizer-values-per-layer-with-alpha",
        file="regularizers/weight_penalty.py",
        old="per_layer = {name: value.detach() for",
        new="per_layer = {name: alphas[name] * value.detach() for",
        tests="tests/regularizers/test_werank.py",
    ),
    Fault(
        name="regularizer-decoupled-without-the-learning-rate",
        file="regularizers/weight_penalty.py",
        old="weight.sub_(grad, alpha=lr * alpha)",
        new="weight.sub_(grad, alpha=alpha)",
        tests="tests/regularizers/test_werank.py",
    ),
    Fault(
        name="regularizer-decoupled-on-a-gradient-of-alpha-squared",
        file="regularizers/weight_penalty.py",
        old="torch.autograd.grad(self.value(weight), weight)",
        new="torch.autograd.grad(alpha * self.value(weight), weight)",
        tests="tests/regularizers/test_werank.py",
    ),
    Fault(
        name="regularizer-schedule-reaches-its-end-a-step-early",
        file="regularizers/alpha.py",
        old="progress = min(step / steps, 1.0)",
        new="progress = min(step / max(steps - 1, 1), 1.0)",
        tests="tests/regularizers/test_alpha.py",
    ),
    Fault(
        name="regularizer-pattern-fits-the-middle-of-a-name",
        file="regularizers/alpha.py",
        old="            if fnmatchcase(layer, str(pattern)):\n",
        new='            if fnmatchcase(layer, f"*{pattern}"):\n',
        tests="tests/regularizers/test_alpha.py",
    ),
    Fault(
        name="regularizer-double-soft-of-one-side",
        file="regularizers/gram.py",
        old="return 2.0 * gram_penalty",
        new="return gram_penalty",
        tests="tests/regularizers/test_comparisons.py tests/regularizers/test_gram.py",
    ),
    Fault(
        name="regularizer-variance-without-the-root",
        file="objectives/vicreg.py",
        old="std = torch.sqrt(z.var(dim=0) + eps)",
        new="std = z.var(dim=0) + eps",
        tests="tests/regularizers/test_comparisons.py",
    ),
    Fault(
        name="regularizer-variance-and-covariance-strengths-swapped",
        file="regularizers/variance_covariance.py",
        old="total = self.alpha_variance * variance + self.alpha_covariance * covariance",
        new="total = self.alpha_covariance * variance + self.alpha_variance * covariance",
        tests="tests/regularizers/test_comparisons.py",
    ),
    Fault(
        name="regularizer-terms-of-a-sum-without-their-decoupled-steps",
        file="regularizers/sum.py",
        old="            term.decoupled_step(weights, lr)\n",
        new="            pass\n",
        tests="tests/regularizers/test_comparisons.py tests/test_wiring_step.py",
    ),
    # ---- schedules and seeds
    Fault(
        name="schedule-warmup-a-step-early",
        file="schedules.py",
        old="        return step / warmup\n",
        new="        return (step + 1) / warmup\n",
        tests="tests/test_schedules.py",
    ),
    Fault(
        name="schedule-cosine-over-the-whole-run",
        file="schedules.py",
        old="math.cos(math.pi * (step - warmup) / (total - warmup))",
        new="math.cos(math.pi * (step - warmup) / total)",
        tests="tests/test_schedules.py",
    ),
    Fault(
        name="schedule-ema-linear",
        file="schedules.py",
        old="(1.0 + math.cos(math.pi * min(step, total) / total)) / 2.0",
        new="(1.0 - min(step, total) / total)",
        tests="tests/test_schedules.py",
    ),
    Fault(
        name="seed-one-initialisation-for-every-seed",
        file="config/build.py",
        old='with global_stream(config.seed, "init"):',
        new='with global_stream(0, "init"):',
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="seed-one-stream-of-masks-for-every-seed",
        file="pipeline/pretrain.py",
        old='generator(config.seed, "augmentation", job.device)',
        new='generator(0, "augmentation", job.device)',
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="seed-one-dropout-for-every-seed",
        file="pipeline/pretrain.py",
        old='global_stream(config.seed, "dropout", job.device)',
        new='global_stream(0, "dropout", job.device)',
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="seed-dropout-not-seeded",
        file="pipeline/pretrain.py",
        old='global_stream(config.seed, "dropout", job.device)',
        new="torch.random.fork_rng(devices=[])",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="seed-diagnostics-share-the-masks-of-training",
        file="pipeline/looks.py",
        old='generator(job.config.seed, "diagnostics", job.device)',
        new='generator(job.config.seed, "augmentation", job.device)',
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="seed-splits-change-with-the-runs-seed",
        file="pipeline/prepare.py",
        old="    split_seed = config.probe.split_seed\n",
        new="    split_seed = config.seed\n",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="seed-folds-change-with-the-runs-seed",
        file="pipeline/probe.py",
        old="job.splits[name], job.config.probe.split_seed",
        new="job.splits[name], job.config.seed",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="seed-streams-are-one",
        file="seeding.py",
        old='f"{stream}:{seed}".encode()',
        new='f"{seed}".encode()',
        tests="tests/test_seeding.py",
    ),
    Fault(
        name="schedule-cosine-ends-a-step-early",
        file="schedules.py",
        old="math.cos(math.pi * (step - warmup) / (total - warmup))",
        new="math.cos(math.pi * (step - warmup) / max(1, total - 1 - warmup))",
        tests="tests/test_schedules.py",
    ),
    Fault(
        name="schedule-warmup-to-a-constant-a-step-early",
        file="schedules.py",
        old="return step / warmup if step < warmup else 1.0",
        new="return (step + 1) / warmup if step < warmup else 1.0",
        tests="tests/test_schedules.py",
    ),
    Fault(
        name="schedule-warmup-steps-rounded-down",
        file="training/settings.py",
        old="return round(self.warmup * self.steps)",
        new="return int(self.warmup * self.steps)",
        tests="tests/test_schedules.py tests/training/test_loop_options.py",
    ),
    Fault(
        name="seed-one-pair-of-views-for-the-looks-of-every-seed",
        file="pipeline/looks.py",
        old='generator(job.config.seed, "diagnostics", job.device)',
        new='generator(0, "diagnostics", job.device)',
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="seed-labels-by-the-split-seed-in-place-of-the-runs",
        file="pipeline/prepare.py",
        old="one_split(splits[name], config.seed)",
        new="one_split(splits[name], split_seed)",
        tests="tests/pipeline/test_run.py",
    ),
    # ---- the step
    Fault(
        name="step-penalty-not-in-the-gradient",
        file="training/loop.py",
        old="(output.loss + penalty.total).backward()",
        new="(output.loss + penalty.total.detach()).backward()",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-gradients-add-up",
        file="training/loop.py",
        old="        optimizer.zero_grad()\n",
        new="",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-decoupled-after-the-optimizer",
        file="training/loop.py",
        old="""        regularizer.decoupled_step(weights, optimizer.param_groups[0]["lr"])
        optimizer.step()
""",
        new="""        optimizer.step()
        regularizer.decoupled_step(weights, optimizer.param_groups[0]["lr"])
""",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-decoupled-with-the-unscheduled-learning-rate",
        file="training/loop.py",
        old='regularizer.decoupled_step(weights, optimizer.param_groups[0]["lr"])',
        new='regularizer.decoupled_step(weights, optimizer.param_groups[0]["initial_lr"])',
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-regularizer-a-step-ahead",
        file="training/loop.py",
        old="regularizer.at(step, total)",
        new="regularizer.at(step + 1, total)",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-learning-rate-a-step-ahead",
        file="training/loop.py",
        old="settings.learning_rate_factor(step)",
        new="settings.learning_rate_factor(step + 1)",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-learning-rate-of-the-first-group-alone",
        file="training/loop.py",
        old="    for group, rate in zip(optimizer.param_groups, rates, strict=True):\n",
        new="    for group, rate in zip(optimizer.param_groups[:1], rates, strict=False):\n",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-clips-values-in-place-of-the-norm",
        file="training/loop.py",
        old="nn.utils.clip_grad_norm_(parameters, settings.grad_clip)",
        new="nn.utils.clip_grad_value_(parameters, settings.grad_clip)",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-clips-after-the-decoupled-step-and-the-optimizer",
        file="training/loop.py",
        old="""        if settings.grad_clip is not None:
            parameters = objective.trainable_parameters()  # type: ignore[operator]
            nn.utils.clip_grad_norm_(parameters, settings.grad_clip)
        regularizer.decoupled_step(weights, optimizer.param_groups[0]["lr"])
        optimizer.step()
""",
        new="""        regularizer.decoupled_step(weights, optimizer.param_groups[0]["lr"])
        optimizer.step()
        if settings.grad_clip is not None:
            parameters = objective.trainable_parameters()  # type: ignore[operator]
            nn.utils.clip_grad_norm_(parameters, settings.grad_clip)
""",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-target-moves-before-the-optimizer",
        file="training/loop.py",
        old="""                loss, penalty = take_step(regularizer.at(step, total))
                with clock("EMA"):
                    objective.after_step(step + 1, total)  # type: ignore[operator]
""",
        new="""                with clock("EMA"):
                    objective.after_step(step + 1, total)  # type: ignore[operator]
                loss, penalty = take_step(regularizer.at(step, total))
""",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-views-do-not-come-from-the-runs-generator",
        file="training/loop.py",
        old="view1, view2 = augmentation(graph.view(), state.generator)",
        new="view1, view2 = augmentation(graph.view(), torch.default_generator)",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-target-weights-are-penalised",
        file="training/loop.py",
        old="weights = layer_weights(objective, trainable=True)",
        new="weights = layer_weights(objective, trainable=False)",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-watch-overlooks-the-penalty",
        file="training/loop.py",
        old="            total = loss + penalty\n",
        new="            total = loss\n",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-fuses-subclasses-too",
        file="training/fused.py",
        old="if type(optimizer) not in FUSED:",
        new="if not isinstance(optimizer, FUSED):",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-target-counts-steps-from-0",
        file="training/loop.py",
        old="objective.after_step(step + 1, total)",
        new="objective.after_step(step, total)",
        tests="tests/test_wiring_step.py",
    ),
    Fault(
        name="step-clips-the-encoder-alone",
        file="training/loop.py",
        old="parameters = objective.trainable_parameters()  # type: ignore[operator]",
        new="parameters = objective.encoder.parameters()",
        tests="tests/test_wiring_step.py tests/training/test_loop_options.py",
    ),
    Fault(
        name="step-reports-the-factor-as-learning-rate",
        file="training/loop.py",
        old="    return rates[0]\n",
        new="    return factor\n",
        tests="tests/test_wiring_step.py tests/objectives/test_supervised.py",
    ),
    # ---- checkpoints, files of a run
    Fault(
        name="resume-without-the-optimizer",
        file="training/checkpoint.py",
        old='        state.optimizer.load_state_dict(content["optimizer"])\n',
        new="",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-from-a-damaged-checkpoint",
        file="data/torch_file.py",
        old="            if damaged := archive.testzip():",
        new="            if damaged := None:",
        tests="tests/sweeps/test_damaged_runs.py tests/test_malformed_inputs.py",
    ),
    Fault(
        name="interrupted-without-a-checkpoint",
        file="training/interruption.py",
        old="            self.checkpointer.save(report.state)\n",
        new="",
        tests="tests/training/test_interruption.py",
    ),
    Fault(
        name="interrupted-with-a-loss-that-is-not-finite",
        file="training/interruption.py",
        old="        if math.isfinite(report.loss.item() + report.penalty.total.item()):",
        new="        if True:",
        tests="tests/training/test_interruption.py",
    ),
    Fault(
        name="interrupted-for-good",
        file="training/interruption.py",
        old="        self._received = None\n        signal.signal(number, self._before[number])",
        new="        signal.signal(number, self._before[number])",
        tests="tests/training/test_interruption.py",
    ),
    Fault(
        name="run-folder-locked-by-a-file-alone",
        file="locks.py",
        old="    with held, holding(folder, wait):",
        new="    folder.mkdir(parents=True, exist_ok=True)\n    with held:",
        tests="tests/sweeps/test_collisions.py",
    ),
    Fault(
        name="partial-files-share-a-name",
        file="atomic.py",
        old="{os.getpid()}-{secrets.token_hex(4)}",
        new="{os.getpid()}",
        tests="tests/test_atomic.py",
    ),
    Fault(
        name="rows-after-their-checkpoint",
        file="training/checkpoint.py",
        old="            sync(rows)\n",
        new="            pass\n",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="load-run-imports-what-it-will-not-build",
        file="pipeline/load.py",
        old='_LIBRARIES = ("graphssl.encoders.", "graphssl.objectives.", ',
        new='_LIBRARIES = ("graphssl.", ',
        tests="tests/pipeline/test_run.py",
    ),
    Fault(
        name="resume-without-the-masks-generator",
        file="training/checkpoint.py",
        old='        state.generator.set_state(content["generator"])\n',
        new="",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-without-the-dropout-stream",
        file="training/checkpoint.py",
        old='        torch.set_rng_state(content["torch_rng"])\n',
        new="",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-without-the-selection",
        file="training/checkpoint.py",
        old='        self.selection.load_state_dict(content["selection"])\n',
        new="",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-on-another-graph",
        file="pipeline/pretrain.py",
        old="settings.checkpoint_every, selection, job.content_hash",
        new="settings.checkpoint_every, selection",
        tests="tests/test_reruns.py",
    ),
    Fault(
        name="resume-without-a-look-at-the-graph",
        file="training/checkpoint.py",
        old='if content.get("graph") != self.graph:',
        new="if False:",
        tests="tests/test_reruns.py",
    ),
    Fault(
        name="resume-forgets-the-seconds",
        file="training/loop.py",
        old="started = time.perf_counter() - state.seconds",
        new="started = time.perf_counter()",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-seeds-dropout-after-restoring-it",
        file="pipeline/pretrain.py",
        old="""        stack.enter_context(global_stream(config.seed, "dropout", job.device))
        if checkpointer.restore(state):
            log.info("resuming from step %d of %s", state.step, folder)
""",
        new="""        if checkpointer.restore(state):
            log.info("resuming from step %d of %s", state.step, folder)
        stack.enter_context(global_stream(config.seed, "dropout", job.device))
""",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-loses-the-row-of-the-checkpoint",
        file="training/metrics.py",
        old="if 0 < step >= _step(line):",
        new="if 0 < step > _step(line):",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-keeps-rows-after-the-checkpoint",
        file="training/metrics.py",
        old="if 0 < step >= _step(line):",
        new="if step > 0:",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-loses-the-spectra-of-the-checkpoint",
        file="training/spectra.py",
        old='if int(k.split("/")[0]) <= resume_step}',
        new='if int(k.split("/")[0]) < resume_step}',
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-keeps-spectra-after-the-checkpoint",
        file="training/spectra.py",
        old='for k in kept if int(k.split("/")[0]) <= resume_step}',
        new="for k in kept}",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="checkpoint-before-the-look-of-its-step",
        file="pipeline/pretrain.py",
        old="""        observers.append(collapse)
        observers.append(checkpointer)
""",
        new="""        observers.insert(0, checkpointer)
        observers.append(collapse)
""",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-looks-at-the-start-again",
        file="pipeline/pretrain.py",
        old="        if first == 0:\n",
        new="        if True:\n",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="resume-on-another-kind-of-device",
        file="training/checkpoint.py",
        old='        if content["device"] != device.type:\n',
        new="        if False:\n",
        tests="tests/test_wiring_resume.py tests/pipeline/test_run.py",
    ),
    # ---- selection and looks
    Fault(
        name="selection-latest-of-equals",
        file="training/selection.py",
        old="value > self.best)",
        new="value >= self.best)",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="selection-of-live-weights",
        file="training/selection.py",
        old="self._objective = copy.deepcopy(weights)",
        new="self._objective = weights",
        tests="tests/test_wiring_resume.py",
    ),
    Fault(
        name="selection-not-applied",
        file="pipeline/pretrain.py",
        old="    selection.apply(objective)\n",
        new="",
        tests="tests/test_wiring_run.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="selection-measures-the-last-network",
        file="pipeline/pretrain.py",
        old='kept_step = training["steps"] if selection.after is None else selection.after',
        new='kept_step = training["steps"]',
        tests="tests/test_wiring_run.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="selection-looks-at-split-0",
        file="pipeline/prepare.py",
        old="    quick_split = splits[with_validation[0]][0] if quick else None\n",
        new="""    quick_split = None
    if quick:
        quick_split = splits_of(protocols[with_validation[0]], data, split_seed)[0]
""",
        tests="tests/test_wiring_run.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="selection-looks-at-test-nodes",
        file="pipeline/looks.py",
        old="rows, y, self.job.quick_split)",
        new="rows, y, self.job.quick_split._replace(val=self.job.quick_split.test))",
        tests="tests/test_wiring_run.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="selection-of-supervised-by-the-quick-probe",
        file="pipeline/looks.py",
        old="""        if isinstance(objective, ClassifierObjective):
""",
        new="""        if False:
""",
        tests="tests/pipeline/test_run.py tests/objectives/test_supervised.py",
    ),
    Fault(
        name="look-last-step-forgotten",
        file="training/evaluation.py",
        old="        if report.step % self.every and report.step != report.total:\n",
        new="        if report.step % self.every:\n",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-at-the-embedding-in-train-mode",
        file="pipeline/embed.py",
        old="copy.deepcopy(encoder).eval()",
        new="copy.deepcopy(encoder).train()",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-in-train-mode",
        file="diagnostics/layers.py",
        old="copy.deepcopy(objective).eval()",
        new="copy.deepcopy(objective).train()",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-at-alignment-in-train-mode",
        file="diagnostics/collapse.py",
        old="    frozen = copy.deepcopy(objective).eval()\n",
        new="    frozen = copy.deepcopy(objective).train()\n",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-at-an-augmented-view",
        file="pipeline/looks.py",
        old="            view = self.job.data.graph.view()\n",
        new="""            view = self.job.augmentation(
                self.job.data.graph.view(), generator(0, "diagnostics", self.job.device)
            )[0]
""",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-at-the-representation-as-embedding",
        file="diagnostics/collapse.py",
        old='places["embedding"] = output.embeddings[0]',
        new='places["embedding"] = output.representations[0]',
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-at-target-weights",
        file="diagnostics/collapse.py",
        old="layer_weights(copy.deepcopy(objective).eval(), trainable=True)",
        new="layer_weights(copy.deepcopy(objective).eval())",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-at-convs-after-their-norm",
        file="diagnostics/layers.py",
        old="            found[path] = inputs[0]\n",
        new="            found[path] = module.forward(inputs[0])\n",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-before-the-first-step-without-statistics",
        file="pipeline/pretrain.py",
        old="network = started(job)",
        new="network = job.objective",
        tests="tests/test_start_of_runs.py tests/diagnostics/test_start.py",
    ),
    Fault(
        name="look-at-an-untrained-network-without-statistics",
        file="pipeline/pretrain.py",
        old="""        fill_statistics(job.objective, job.data.graph.view())
""",
        new="",
        tests="tests/test_start_of_runs.py tests/diagnostics/test_start.py",
    ),
    Fault(
        name="look-before-the-first-step-at-other-views",
        file="pipeline/start.py",
        old="""    stream = generator(job.config.seed, "augmentation", job.device)
""",
        new="""    stream = generator(job.config.seed, "diagnostics", job.device)
""",
        tests="tests/test_start_of_runs.py tests/diagnostics/test_start.py",
    ),
    Fault(
        name="look-at-an-untrained-network-with-a-tenth-of-the-statistics",
        file="diagnostics/start.py",
        old="""        module.momentum = 1.0  # type: ignore[assignment]
""",
        new="",
        tests="tests/test_start_of_runs.py tests/diagnostics/test_start.py",
    ),
    Fault(
        name="look-at-the-own-classifier-in-train-mode",
        file="pipeline/embed.py",
        old="""    frozen.encoder.eval()
""",
        new="""    frozen.encoder.train()
""",
        tests="tests/pipeline/test_run.py tests/objectives/test_supervised.py",
    ),
    Fault(
        name="look-at-the-alignment-of-a-view-with-itself",
        file="diagnostics/collapse.py",
        old="output = frozen(view1, view2)",
        new="output = frozen(view1, view1)",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="look-leaves-the-network-in-eval-mode",
        file="diagnostics/layers.py",
        old="frozen = copy.deepcopy(objective).eval()",
        new="frozen = objective.eval()",
        tests="tests/test_wiring_run.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="look-at-alignment-leaves-the-network-in-eval-mode",
        file="diagnostics/collapse.py",
        old="frozen = copy.deepcopy(objective).eval()",
        new="frozen = objective.eval()",
        tests="tests/test_wiring_run.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="look-at-the-embedding-leaves-the-encoder-in-eval-mode",
        file="pipeline/embed.py",
        old="frozen = copy.deepcopy(encoder).eval()",
        new="frozen = encoder.eval()",
        tests="tests/test_wiring_run.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="look-at-the-own-classifier-leaves-it-in-eval-mode",
        file="pipeline/embed.py",
        old="frozen = copy.deepcopy(objective)",
        new="frozen = objective",
        tests="tests/pipeline/test_run.py tests/objectives/test_supervised.py",
    ),
    Fault(
        name="look-before-the-first-step-draws-from-the-dropout-stream",
        file="diagnostics/start.py",
        old="with torch.random.fork_rng(devices=devices), parametrize.cached():",
        new="with parametrize.cached():",
        tests="tests/diagnostics/test_start.py",
    ),
    # ---- diagnostics
    Fault(
        name="diagnostics-uncentred-as-centred",
        file="diagnostics/spectrum.py",
        old="centred, uncentred = _gram((rows - mean).T), _gram(rows.T)",
        new="centred, uncentred = _gram(rows.T), _gram(rows.T)",
        tests="tests/diagnostics/test_spectrum.py",
    ),
    Fault(
        name="diagnostics-mean-counted-once",
        file="diagnostics/spectrum.py",
        old="centred + num_nodes * torch.outer(mean, mean)",
        new="centred + torch.outer(mean, mean)",
        tests="tests/diagnostics/test_spectrum.py",
    ),
    Fault(
        name="diagnostics-effective-rank-of-energies",
        file="diagnostics/rank.py",
        old="    p = s / s.sum() + eps  # (K,), a distribution up to eps\n",
        new="    p = s**2 / (s**2).sum() + eps\n",
        tests="tests/diagnostics/test_rank.py",
    ),
    Fault(
        name="diagnostics-participation-of-singular-values",
        file="diagnostics/rank.py",
        old="eigenvalues = (s / s[0]) ** 2",
        new="eigenvalues = s / s[0]",
        tests="tests/diagnostics/test_rank.py",
    ),
    Fault(
        name="diagnostics-exponent-of-singular-values",
        file="diagnostics/rank.py",
        old="2 * np.log(s[k - 1])",
        new="np.log(s[k - 1])",
        tests="tests/diagnostics/test_rank.py",
    ),
    Fault(
        name="diagnostics-std-over-n",
        file="diagnostics/geometry.py",
        old="correction=min(1, z.size(0) - 1)",
        new="correction=0",
        tests="tests/diagnostics/test_geometry.py",
    ),
    Fault(
        name="diagnostics-uniformity-counts-a-node-with-itself",
        file="diagnostics/geometry.py",
        old=".exp_().fill_diagonal_(0.0)",
        new=".exp_()",
        tests="tests/diagnostics/test_geometry.py",
    ),
    Fault(
        name="diagnostics-alignment-not-squared",
        file="diagnostics/geometry.py",
        old="float(distances.double().pow(power).mean())",
        new="float(distances.double().mean())",
        tests="tests/diagnostics/test_geometry.py",
    ),
    Fault(
        name="diagnostics-product-in-the-wrong-order",
        file="diagnostics/weights.py",
        old="product = weight.detach().double() @ product",
        new="product = weight.detach().double() @ product.flip(0)",
        tests="tests/diagnostics/test_weights.py",
    ),
    Fault(
        name="diagnostics-chain-alignment-of-a-layer-with-itself",
        file="diagnostics/summary.py",
        old="adjacent_alignment(weights[name], weights[following])",
        new="adjacent_alignment(weights[name], weights[name].T)",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="diagnostics-dimensions-of-the-smaller-side",
        file="pipeline/pretrain.py",
        old='"dimensions": embedding.size(1)',
        new='"dimensions": min(embedding.shape)',
        tests="tests/pipeline/test_run.py tests/test_start_of_runs.py",
    ),
    Fault(
        name="diagnostics-uniformity-of-the-first-rows",
        file="diagnostics/geometry.py",
        old="z = z[torch.randperm(z.size(0), generator=chooser)[:max_rows].to(z.device)]",
        new="z = z[:max_rows]",
        tests="tests/diagnostics/test_geometry.py",
    ),
    Fault(
        name="diagnostics-as-many-nodes-as-dimensions-are-enough",
        file="diagnostics/summary.py",
        old="float(z.size(0) <= z.size(1))",
        new="float(z.size(0) < z.size(1))",
        tests="tests/diagnostics/test_summary.py",
    ),
    Fault(
        name="diagnostics-exponent-from-the-first-rank",
        file="diagnostics/rank.py",
        old="POWER_LAW_RANKS = (4, 100)",
        new="POWER_LAW_RANKS = (1, 100)",
        tests="tests/diagnostics/test_rank.py",
    ),
    Fault(
        name="diagnostics-exponent-unweighted",
        file="diagnostics/rank.py",
        old="1.0 / k  # (R,) each",
        new="np.ones(len(k))",
        tests="tests/diagnostics/test_rank.py",
    ),
    Fault(
        name="diagnostics-numerical-rank-by-a-larger-tolerance",
        file="diagnostics/rank.py",
        old="NUMERICAL_RANK_RTOL = 1e-5",
        new="NUMERICAL_RANK_RTOL = 1e-3",
        tests="tests/diagnostics/test_rank.py",
    ),
    # ---- probing
    Fault(
        name="probe-grid-without-its-last-c",
        file="probing/solvers/choose.py",
        old="np.arange(log2_C[0], log2_C[1] + 1)",
        new="np.arange(log2_C[0], log2_C[1])",
        tests="tests/probing/test_protocols.py",
    ),
    Fault(
        name="probe-intercept-penalised",
        file="probing/solvers/batched.py",
        old="pad(x.new_ones(coordinates.size(2) - 1), (0, 1))",
        new="x.new_ones(coordinates.size(2))",
        tests="tests/probing/solvers/test_batched.py",
    ),
    Fault(
        name="probe-two-classes-not-halved",
        file="probing/solvers/batched.py",
        old="halved = not one_vs_rest and num_classes == 2",
        new="halved = False",
        tests="tests/probing/solvers/test_batched.py",
    ),
    Fault(
        name="probe-c-chosen-on-test-nodes",
        file="probing/selection.py",
        old="quality(models, s, rows[split.val], y[split.val])",
        new="quality(models, s, rows[split.test], y[split.test])",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="probe-fitted-on-validation-nodes-too",
        file="probing/selection.py",
        old="models = fit(rows, y, [split.train for split in splits], C, _num_classes(y, splits))",
        new="""trains = [np.concatenate([split.train, split.val]) for split in splits]
    models = fit(rows, y, trains, C, _num_classes(y, splits))""",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="probe-largest-c-of-equals",
        file="probing/selection.py",
        old="    best = validated.argmax(axis=1)\n",
        new="    best = validated.shape[1] - 1 - validated[:, ::-1].argmax(axis=1)\n",
        tests="tests/probing/test_protocols.py",
    ),
    Fault(
        name="probe-folds-scored-by-plain-accuracy",
        file="probing/selection.py",
        old="_micro_f1 if y.ndim == 2 else _subset_accuracy",
        new="_micro_f1 if y.ndim == 2 else _accuracy",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="probe-folds-not-seeded-by-the-split-seed",
        file="probing/selection.py",
        old="test_size=0.5, random_state=seed",
        new="test_size=0.5, random_state=0",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="probe-not-refitted-on-all-training-nodes",
        file="probing/selection.py",
        old="models.append(fit(rows, y, [split.train], best, num_classes))",
        new="models.append(fit(rows, y, [parts[0][0]], best, num_classes))",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="probe-rows-not-normalised",
        file="probing/solvers/linear.py",
        old="np.asarray(normalize(np.ldexp(embeddings, -exponents)))",
        new="np.asarray(embeddings)",
        tests="tests/probing/solvers/test_sklearn_solvers.py",
    ),
    Fault(
        name="probe-ratios-of-train-and-validation-swapped",
        file="probing/protocols.py",
        old="random_splits(len(dataset.y), *self._ratios, self._num_splits, seed)",
        new="random_splits(len(dataset.y), *self._ratios[::-1], self._num_splits, seed)",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="probe-given-validation-and-test-swapped",
        file="probing/splits.py",
        old="Split(_nodes(train[:, s]), _nodes(val[:, s]), _nodes(test[:, s]))",
        new="Split(_nodes(train[:, s]), _nodes(test[:, s]), _nodes(val[:, s]))",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="probe-one-split-for-every-seed",
        file="probing/splits.py",
        old="    index = seed % len(splits)\n",
        new="    index = 0\n",
        tests="tests/probing/test_splits.py",
    ),
    Fault(
        name="probe-quick-centres-by-the-validation-nodes",
        file="probing/quick.py",
        old="scores = (held - mean) @ weight",
        new="scores = (held - held.mean(axis=0)) @ weight",
        tests="tests/probing/test_quick.py",
    ),
    Fault(
        name="probe-liblinear-c-inverted",
        file="probing/solvers/liblinear.py",
        old="C=float(c), random_state=0",
        new="C=1 / float(c), random_state=0",
        tests="tests/probing/solvers/test_sklearn_solvers.py",
    ),
    Fault(
        name="probe-validation-scores-of-test-nodes",
        file="probing/protocols.py",
        old="val = measure(chosen.models, rows, y, [split.val for split in splits])",
        new="val = measure(chosen.models, rows, y, [split.test for split in splits])",
        tests="tests/probing/test_metrics.py",
    ),
    Fault(
        name="probe-largest-c-of-equal-folds",
        file="probing/selection.py",
        old="best = C[[held_out.mean(axis=0).argmax()]]",
        new="best = C[::-1][[held_out[:, ::-1].mean(axis=0).argmax()]]",
        tests="tests/probing/test_protocols.py tests/test_wiring_parts.py",
    ),
    Fault(
        name="probe-grid-without-its-first-c",
        file="probing/solvers/choose.py",
        old="np.arange(log2_C[0], log2_C[1] + 1)",
        new="np.arange(min(log2_C[0] + 1, log2_C[1]), log2_C[1] + 1)",
        tests="tests/probing/test_protocols.py",
    ),
    Fault(
        name="probe-own-classifier-scored-on-training-nodes",
        file="probing/own_classifier.py",
        old="test = measure(models, logits, y, [split.test for split in splits])",
        new="test = measure(models, logits, y, [split.train for split in splits])",
        tests="tests/pipeline/test_run.py tests/probing/test_scores_of_runs.py",
    ),
    Fault(
        name="probe-own-classifier-validated-on-test-nodes",
        file="probing/own_classifier.py",
        old="val = measure(models, logits, y, [split.val for split in splits])",
        new="val = measure(models, logits, y, [split.test for split in splits])",
        tests="tests/pipeline/test_run.py tests/probing/test_scores_of_runs.py",
    ),
    Fault(
        name="probe-quick-scores-rows-that-are-not-normalised",
        file="probing/quick.py",
        old="held = normalized_rows(embeddings[split.val], y[split.val])",
        new="held = embeddings[split.val]",
        tests="tests/probing/test_quick.py",
    ),
    Fault(
        name="probe-majority-of-the-training-nodes",
        file="probing/metrics.py",
        old="labels = [y[s.test] if s.test.ndim == 1",
        new="labels = [y[s.train] if s.test.ndim == 1",
        tests="tests/probing/test_metrics.py",
    ),
    Fault(
        name="other-probes-edges-held-out-in-one-direction",
        file="data/hold_out.py",
        old="    low, high = edge_index.amin(dim=0), edge_index.amax(dim=0)\n",
        new="    low, high = edge_index\n",
        tests="tests/data/test_hold_out.py",
    ),
    Fault(
        name="other-probes-edges-held-out-after-the-transforms",
        file="config/build.py",
        old='[first, *(kept.get("transforms") or ())]',
        new='[*(kept.get("transforms") or ()), first]',
        tests="tests/data/test_hold_out.py",
    ),
    Fault(
        name="other-probes-held-out-edges-among-the-other-pairs",
        file="probing/links.py",
        old="taken, num_val = np.concatenate([known, held], axis=1), int(",
        new="taken, num_val = known, int(",
        tests="tests/probing/test_probe_twins.py",
    ),
    Fault(
        name="other-probes-c-of-links-by-the-test-pairs",
        file="probing/links.py",
        old="aucs = [roc_auc(split.val[:, 2] == 1, scores) for scores in by_C]",
        new="""aucs = [
                roc_auc(split.test[:, 2] == 1, scores)
                for scores in _scores(models, rows, split.test, mean, scale)
            ]""",
        tests="tests/probing/test_probe_contract.py",
    ),
    Fault(
        name="other-probes-adam-keeps-the-first-best-step",
        file="probing/adam_probe.py",
        old="if validated >= best or self._keep",
        new="if validated > best or self._keep",
        tests="tests/probing/test_probe_twins.py",
    ),
    Fault(
        name="other-probes-columns-standardised-over-all-nodes",
        file="probing/standardized.py",
        old="rows = standardized(embeddings, split.train)",
        new="rows = standardized(embeddings, np.arange(len(y)))",
        tests="tests/probing/test_probe_twins.py",
    ),
    Fault(
        name="other-measures-of-the-corrupted-graph",
        file="diagnostics/layers.py",
        old='frozen.named_children() if name != "encoder"}',
        new="frozen.named_children()}",
        tests="tests/diagnostics/test_layers.py",
    ),
    Fault(
        name="other-measures-lidar-divides-by-all-views",
        file="diagnostics/lidar.py",
        old="(rows * (q - 1))",
        new="(rows * q)",
        tests="tests/diagnostics/test_cka_and_lidar.py",
    ),
    Fault(
        name="other-measures-of-a-finished-run-forgotten",
        file="pipeline/measured.py",
        old='also = {"also": [*measures_of(record.config), *names]}',
        new='also = {"also": names}',
        tests="tests/pipeline/test_measured.py",
    ),
    # ---- results
    Fault(
        name="identity-without-the-evaluation-pace",
        file="results/identity.py",
        old='        part["eval_every"] = config["trainer"]["eval_every"]\n',
        new="        pass\n",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="identity-without-the-seed",
        file="results/identity.py",
        old='part["seed"], part["behaviour"] = config["seed"], BEHAVIOUR_VERSION',
        new='part["seed"], part["behaviour"] = 0, BEHAVIOUR_VERSION',
        tests="tests/config/test_configs.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="identity-without-clipping",
        file="results/identity.py",
        old='("steps", "warmup", "schedule", "precision", "grad_clip", "select")',
        new='("steps", "warmup", "schedule", "precision", "select")',
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="identity-without-warmup",
        file="results/identity.py",
        old='("steps", "warmup", "schedule", "precision", "grad_clip", "select")',
        new='("steps", "schedule", "precision", "grad_clip", "select")',
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="identity-without-the-schedule",
        file="results/identity.py",
        old='("steps", "warmup", "schedule", "precision", "grad_clip", "select")',
        new='("steps", "warmup", "precision", "grad_clip", "select")',
        tests="tests/test_wiring_parts.py tests/config/test_configs.py",
    ),
    Fault(
        name="identity-ignores-order",
        file="results/identity.py",
        old='return dict(items) if "_target_" in value else items',
        new="return dict(items)",
        tests="tests/config/test_configs.py",
    ),
    Fault(
        name="identity-ignores-own-code",
        file="results/identity.py",
        old='        part["code"] = dict(code)\n',
        new="        pass\n",
        tests="tests/results/test_own_code.py",
    ),
    Fault(
        name="record-value-of-split-0",
        file="results/record.py",
        old="found[self.seed % len(found)]",
        new="found[0]",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="record-value-is-test-accuracy",
        file="results/record.py",
        old='entry["val"].get(entry["metric"] if asked',
        new='entry["test"].get(entry["metric"] if asked',
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="record-sample-std",
        file="results/record.py",
        old="sum((v - mean) ** 2 for v in values) / len(values)",
        new="sum((v - mean) ** 2 for v in values) / max(1, len(values) - 1)",
        tests="tests/test_wiring_parts.py",
    ),
    Fault(
        name="record-scores-kept-under-another-split-seed",
        file="results/record.py",
        old='if found.get(name) != (settings, probe["split_seed"], metric, own_code(settings))',
        new="if found.get(name, (0, 0))[::2] != (settings, metric)",
        tests="tests/pipeline/test_run.py",
    ),
    Fault(
        name="record-scores-kept-under-another-metric",
        file="results/record.py",
        old='if found.get(name) != (settings, probe["split_seed"], metric, own_code(settings))',
        new='if found.get(name, (0, 0))[:2] != (settings, probe["split_seed"])',
        tests="tests/probing/test_scores_of_runs.py",
    ),
    Fault(
        name="record-supervised-scored-by-the-probe",
        file="pipeline/probe.py",
        old="""    if isinstance(objective, ClassifierObjective):
""",
        new="""    if False:
""",
        tests="tests/pipeline/test_run.py tests/objectives/test_supervised.py",
    ),
    Fault(
        name="record-of-other-packages-is-taken-unseen",
        file="pipeline/left.py",
        old='record is None or record.environment.get("packages") != packages()',
        new="record is None",
        tests="tests/pipeline/test_no_work_twice.py",
    ),
    Fault(
        name="record-of-custom-code-is-taken-unseen",
        file="pipeline/left.py",
        old="if request.config.force or not request.repeatable_graph:",
        new="if request.config.force:",
        tests="tests/test_reruns.py",
    ),
    Fault(
        name="look-at-another-step-is-taken-for-the-last",
        file="pipeline/looks.py",
        old="self._representation is None or self._representation[0] != step",
        new="self._representation is None",
        tests="tests/pipeline/test_no_work_twice.py",
    ),
    Fault(
        name="checksum-of-a-changed-file-kept",
        file="data/checksums.py",
        old="    return _sha256(path, state)\n",
        new="    return _sha256(path, ())\n",
        tests="tests/data/test_checksums.py tests/data/test_run_id.py",
    ),
    Fault(
        name="record-of-another-graph-goes-on",
        file="pipeline/left.py",
        old='if record is not None and record.dataset.get("hash") != job.content_hash:',
        new="if False:",
        tests="tests/test_reruns.py",
    ),
    Fault(
        name="record-node-ids-counted-anew",
        file="pipeline/embed.py",
        old="ids = np.arange(len(rows)) if node_ids is None else node_ids",
        new="ids = np.arange(len(rows))",
        tests="tests/test_reruns.py",
    ),
    Fault(
        name="threads-not-put-back",
        file="training/threads.py",
        old="        torch.set_num_threads(before)\n",
        new="        pass\n",
        tests="tests/sweeps/test_threads.py",
    ),
    Fault(
        name="device-claim-let-go-before-the-work",
        file="training/device.py",
        old='    with claim:\n        yield torch.device("cuda", index)\n',
        new='    claim.close()\n    yield torch.device("cuda", index)\n',
        tests="tests/training/test_device.py",
    ),
    Fault(
        name="load-in-train-mode",
        file="pipeline/load.py",
        old="return objective.eval()",
        new="return objective.train()",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="identity-rounds-small-settings",
        file="results/identity.py",
        old="    return int(value) if isinstance(value, float) and value.is_integer() else value\n",
        new="    return round(value, 6) if isinstance(value, float) else value\n",
        tests="tests/test_wiring_parts.py tests/config/test_configs.py",
    ),
    Fault(
        name="identity-without-the-split-seed",
        file="results/identity.py",
        old='"split_seed": probe.get("split_seed")',
        new='"split_seed": 0',
        tests="tests/test_wiring_parts.py tests/config/test_configs.py tests/data/test_run_id.py",
    ),
    Fault(
        name="identity-without-the-ratios-of-the-split",
        file="results/identity.py",
        old='_SPLIT = ("_target_", "num_splits", "train_ratio", "val_ratio", "masks", "shots")',
        new='_SPLIT = ("_target_", "num_splits", "masks", "shots")',
        tests="tests/test_wiring_parts.py tests/config/test_configs.py tests/data/test_run_id.py",
    ),
    Fault(
        name="identity-without-weight-decay",
        file="results/identity.py",
        old='"optimizer": ("fused", "foreach", "capturable"),',
        new='"optimizer": ("fused", "foreach", "capturable", "weight_decay"),',
        tests="tests/test_wiring_parts.py tests/config/test_configs.py",
    ),
    Fault(
        name="identity-without-the-behaviour-version",
        file="results/identity.py",
        old='= config["seed"], BEHAVIOUR_VERSION',
        new='= config["seed"], 0',
        tests="tests/test_wiring_parts.py tests/config/test_configs.py",
    ),
    Fault(
        name="identity-of-a-custom-graph-by-its-path",
        file="results/identity.py",
        old='        part["dataset"] = {**part["dataset"], "path": fingerprint}\n',
        new="        pass\n",
        tests="tests/data/test_run_id.py",
    ),
    Fault(
        name="record-the-graphs-metric-over-the-probes-own",
        file="results/record.py",
        old='if scores.metric == "accuracy" and metric in scores.test:',
        new="if metric in scores.test:",
        tests="tests/probing/test_scores_of_runs.py",
    ),
    Fault(
        name="record-accuracy-near-the-majority-is-not-told",
        file="results/record.py",
        old='mean <= entry["majority"] + 0.01 + 1e-12',
        new='mean <= entry["majority"]',
        tests="tests/probing/test_scores_of_runs.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="record-test-score-said-as-validation",
        file="results/record.py",
        old='chosen_by = entry["val"].get(metric)',
        new='chosen_by = entry["test"].get(metric)',
        tests="tests/probing/test_scores_of_runs.py tests/pipeline/test_run.py",
    ),
    Fault(
        name="load-a-classifier-drawn-anew",
        file="pipeline/load.py",
        old='own = ("classifier",) if isinstance(objective, ClassifierObjective) else ()',
        new="own: tuple[str, ...] = ()",
        tests="tests/pipeline/test_run.py tests/test_reruns.py",
    ),
    # ---- report
    Fault(
        name="report-population-std-of-differences",
        file="report/tables/statistics.py",
        old="d.std(ddof=1)",
        new="d.std(ddof=0)",
        tests="tests/report/test_report_statistics.py",
    ),
    Fault(
        name="report-population-std-of-cells",
        file="report/tables/statistics.py",
        old="np.std(values, ddof=1)",
        new="np.std(values, ddof=0)",
        tests="tests/report/test_report_statistics.py",
    ),
    Fault(
        name="report-interval-of-90-percent",
        file="report/tables/statistics.py",
        old="stats.t.ppf(0.975, n - 1)",
        new="stats.t.ppf(0.95, n - 1)",
        tests="tests/report/test_report_statistics.py",
    ),
    Fault(
        name="report-interval-from-n-degrees",
        file="report/tables/statistics.py",
        old="stats.t.ppf(0.975, n - 1)",
        new="stats.t.ppf(0.975, n)",
        tests="tests/report/test_report_statistics.py",
    ),
    Fault(
        name="report-one-sided-p",
        file="report/tables/statistics.py",
        old="float(2 * stats.t.sf(",
        new="float(stats.t.sf(",
        tests="tests/report/test_report_statistics.py",
    ),
    Fault(
        name="report-holm-is-bonferroni",
        file="report/tables/statistics.py",
        old="(len(p) - done) * p[index]",
        new="len(p) * p[index]",
        tests="tests/report/test_report_statistics.py",
    ),
    Fault(
        name="report-holm-may-decrease",
        file="report/tables/statistics.py",
        old="running = max(running, min(1.0, (len(p) - done) * p[index]))",
        new="running = min(1.0, (len(p) - done) * p[index])",
        tests="tests/report/test_report_statistics.py",
    ),
    Fault(
        name="report-seeds-and-splits-mixed-up",
        file="report/tables/cell.py",
        old="np.mean(list(self.scores.values()), axis=0)",
        new="np.mean(list(self.scores.values()), axis=1)",
        tests="tests/report/test_report_statistics.py",
    ),
    Fault(
        name="report-best-is-the-worst",
        file="report/tables/comparison.py",
        old="best = max(cells, key=lambda label: cells[label].mean)",
        new="best = min(cells, key=lambda label: cells[label].mean)",
        tests="tests/report/test_report_build.py",
    ),
    Fault(
        name="report-tied-without-holm",
        file="report/tables/comparison.py",
        old="test.p_holm > _LEVEL",
        new="test.p > _LEVEL",
        tests="tests/report/test_wiring_report.py",
    ),
    Fault(
        name="report-contrast-sign",
        file="report/tables/comparison.py",
        old="compare(first.by_seed, second.by_seed)",
        new="compare(second.by_seed, first.by_seed)",
        tests="tests/report/test_report_build.py",
    ),
    Fault(
        name="report-offset-sign",
        file="report/tables/published.py",
        old="difference = cell.mean - mean",
        new="difference = mean - cell.mean",
        tests="tests/report/test_report_published.py",
    ),
    Fault(
        name="report-one-published-std-of-tolerance",
        file="report/tables/published.py",
        old="2 * (std or 0.0)",
        new="(std or 0.0)",
        tests="tests/report/test_report_published.py",
    ),
    Fault(
        name="report-verdict-under-any-protocol",
        file="report/tables/published.py",
        old="elif protocol not in entry.protocols:",
        new="elif False:",
        tests="tests/report/test_report_published.py",
    ),
    Fault(
        name="report-averages-different-conditions",
        file="report/tables/pivot.py",
        old='runs["condition"].nunique() > 1 or runs["seed"].duplicated().any()',
        new="False",
        tests="tests/report/test_report_build.py",
    ),
    Fault(
        name="report-drops-the-other-condition-of-a-seed",
        file="report/tables/pivot.py",
        old='runs.drop_duplicates(["condition", "seed", numbers])',
        new='runs.drop_duplicates(["seed"])',
        tests="tests/report/test_wiring_report.py",
    ),
    Fault(
        name="report-protocol-settings-averaged",
        file="report/tables/pivot.py",
        old="""        frame = frame[frame["protocol"].notna()]
""",
        new="""        frame = frame[frame["protocol"].notna()].assign(protocol_settings="")
""",
        tests="tests/report/test_report_build.py",
    ),
    Fault(
        name="report-metrics-averaged",
        file="report/tables/pivot.py",
        old="""        frame = frame[frame["protocol"].notna()]
""",
        new="""        frame = frame[frame["protocol"].notna()].assign(metric="accuracy")
""",
        tests="tests/report/test_report_build.py",
    ),
    Fault(
        name="report-condition-without-the-optimizer",
        file="report/runs/frame.py",
        old='config = {"optimizer": {}, "probe": {}, **content["config"], "seed": None}',
        new='config = {"probe": {}, **content["config"], "optimizer": {}, "seed": None}',
        tests="tests/report/test_wiring_report.py",
    ),
    Fault(
        name="report-newer-records-taken-for-ours",
        file="report/runs/records.py",
        old="    if found != behaviour_version:",
        new="    if found < behaviour_version:",
        tests="tests/report/test_wiring_report.py",
    ),
    Fault(
        name="report-leaderboard-validation-and-test-swapped",
        file="report/leaderboard.py",
        old='make_cell(members, "val_score"), cells',
        new='make_cell(members, "score"), cells',
        tests="tests/report/test_leaderboard.py",
    ),
    Fault(
        name="report-leaderboard-ranks-metrics-together",
        file="report/leaderboard.py",
        old='"protocol_settings", "split_seed", "metric"]',
        new='"protocol_settings", "split_seed"]',
        tests="tests/report/test_leaderboard.py",
    ),
    Fault(
        name="report-spectra-of-the-first-step",
        file="report/figures/curves.py",
        old='last = max((int(key.split("/")[0]) for key in arrays), default=0)',
        new='last = min((int(key.split("/")[0]) for key in arrays), default=0)',
        tests="tests/report/test_layer_figures.py",
    ),
    Fault(
        name="report-leaderboard-sorted-by-test",
        file="report/leaderboard.py",
        old="else -entry.validation.mean",
        new='else -entry.cells["score"].mean',
        tests="tests/report/test_leaderboard.py",
    ),
    Fault(
        name="report-leaderboard-of-uncentred-ranks",
        file="report/leaderboard.py",
        old='_RANK = "{}/effective_rank_centred"',
        new='_RANK = "{}/effective_rank_uncentred"',
        tests="tests/report/test_leaderboard.py",
    ),
    Fault(
        name="report-condition-without-the-graphs-content",
        file="report/runs/frame.py",
        old='json.dumps([counted, content["dataset"], code]',
        new="json.dumps([counted, code]",
        tests="tests/report/test_report_records.py",
    ),
    Fault(
        name="report-condition-of-labels-without-the-protocol",
        file="report/runs/frame.py",
        old='uses_labels=content["labels_used"]',
        new="uses_labels=False",
        tests="tests/report/test_report_records.py tests/report/test_report_build.py",
    ),
    Fault(
        name="report-validation-scores-as-test-scores",
        file="report/runs/frame.py",
        old='(("", entry["test"]), ("val_", entry["val"]))',
        new='(("", entry["val"]), ("val_", entry["test"]))',
        tests="tests/report/test_report_records.py",
    ),
    Fault(
        name="report-untrained-encoders-averaged-over-widths",
        file="report/runs/frame.py",
        old='    "untrained": _TRAINING,\n',
        new='    "untrained": _TRAINING | {"encoder"},\n',
        tests="tests/report/test_report_records.py tests/report/test_report_build.py",
    ),
    Fault(
        name="report-protocols-averaged-over-their-splits",
        file="report/runs/frame.py",
        old='_MACHINE = ("_target_", "name", "device")',
        new='_MACHINE = ("_target_", "name", "device", "num_splits")',
        tests="tests/report/test_report_build.py tests/report/test_report_records.py",
    ),
    Fault(
        name="report-verdict-from-three-seeds",
        file="report/tables/published.py",
        old="_SEEDS = 5",
        new="_SEEDS = 3",
        tests="tests/report/test_report_published.py",
    ),
    Fault(
        name="report-verdict-whatever-the-norm",
        file="report/tables/published.py",
        old="if entry.norm is not None and entry.norm != ours.norm:",
        new="if False:",
        tests="tests/report/test_report_published.py",
    ),
    Fault(
        name="report-verdict-whatever-the-widths",
        file="report/tables/published.py",
        old="elif tuple(widths) != ours.channels:",
        new="elif False:",
        tests="tests/report/test_report_published.py",
    ),
    Fault(
        name="report-signed-ranks-one-sided",
        file="report/tables/statistics.py",
        old="min(1.0, 2 * ways[",
        new="min(1.0, ways[",
        tests="tests/report/test_report_statistics.py",
    ),
    # ---- configurations
    Fault(
        name="keys-a-flag-deep-inside-is-not-checked",
        file="config/key_checks.py",
        old="        _check_hydras_keys(where, value)\n",
        new="",
        tests="tests/test_cli.py",
    ),
    Fault(
        name="keys-a-factory-may-be-an-object",
        file="config/key_checks.py",
        old="for group in (*_OBJECTS, *_FACTORIES, *(",
        new="for group in (*_OBJECTS, *(",
        tests="tests/test_cli.py",
    ),
    Fault(
        name="keys-a-scalar-is-taken-for-a-mapping",
        file="config/key_checks.py",
        old="for key in sorted(shipped.mappings):",
        new='for key in sorted(shipped.mappings - {"paths"}):',
        tests="tests/test_cli.py",
    ),
    Fault(
        name="keys-deleted-ones-of-a-group-are-not-missed",
        file="config/key_checks.py",
        old="if key not in config[group]:",
        new='if key == "_target_" and key not in config[group]:',
        tests="tests/test_cli.py",
    ),
    Fault(
        name="keys-a-word-counts-as-true",
        file="config/argument_checks.py",
        old="            boolean(where, value)\n",
        new="            pass\n",
        tests="tests/test_cli.py",
    ),
    Fault(
        name="keys-a-factory-deep-inside-is-not-checked",
        file="config/argument_checks.py",
        old="        check_arguments(value, where)\n",
        new="",
        tests="tests/test_cli.py",
    ),
    Fault(
        name="sweep-a-job-counted-twice",
        file="sweeps/progress.py",
        old="    if not counted.exists():\n",
        new="    if True:\n",
        tests="tests/sweeps/test_pace.py",
    ),
    Fault(
        name="sweep-listed-jobs-are-not-quoted",
        file="sweeps/outcomes.py",
        old='shell.join(x["overrides"])',
        new='" ".join(x["overrides"])',
        tests="tests/sweeps/test_pace.py",
    ),
    Fault(
        name="device-a-claimed-gpu-is-shared",
        file="training/device.py",
        old='f"\\0graphssl-gpu-{uuid}"',
        new='f"\\0graphssl-gpu-{uuid}-{id(claim)}"',
        tests="tests/training/test_device.py",
    ),
    Fault(
        name="device-claims-go-by-index",
        file="training/device.py",
        old="torch.cuda.get_device_properties(index).uuid",
        new="index",
        tests="tests/training/test_device.py",
    ),
    Fault(
        name="config-batch-norm-with-torchs-momentum",
        file="../../conf/norm/batch.yaml",
        old="momentum: 0.99",
        new="momentum: 0.01",
        tests="tests/test_wiring_configs.py",
    ),
    Fault(
        name="config-bgrl-predictor-with-a-norm",
        file="../../conf/objective/bgrl.yaml",
        old="    hidden_channels: ${recipe.predictor_channels}\n",
        new="    hidden_channels: ${recipe.predictor_channels}\n    batch_norm: true\n",
        tests="tests/test_wiring_configs.py",
    ),
    Fault(
        name="config-byol-predictor-without-a-norm",
        file="../../conf/objective/byol.yaml",
        old="""  predictor:
    _target_: graphssl.encoders.MLPHead
    _partial_: true
    hidden_channels: ${recipe.predictor_channels}
    batch_norm: true
""",
        new="""  predictor:
    _target_: graphssl.encoders.MLPHead
    _partial_: true
    hidden_channels: ${recipe.predictor_channels}
""",
        tests="tests/test_wiring_configs.py",
    ),
    Fault(
        name="config-weight-decay-lost",
        file="../../conf/optimizer/adamw.yaml",
        old="weight_decay: ${recipe.weight_decay}",
        new="weight_decay: 0.0",
        tests="tests/test_wiring_configs.py",
    ),
    Fault(
        name="config-second-view-drops-edges-as-the-first",
        file="../../conf/augmentation/bgrl.yaml",
        old="p: ${recipe.drop_edge[1]}",
        new="p: ${recipe.drop_edge[0]}",
        tests="tests/test_wiring_run.py",
    ),
    Fault(
        name="config-grace-with-shuffled-folds",
        file="../../conf/probe/grace.yaml",
        old="folds: k_fold",
        new="folds: shuffle_split",
        tests="tests/config/test_configs.py",
    ),
    Fault(
        name="config-selection-by-labels-is-not-said",
        file="config/build.py",
        old="return by_selection or bool(",
        new="return bool(",
        tests="tests/test_wiring_configs.py",
    ),
    Fault(
        name="config-the-launchers-threads-win",
        file="pipeline/run.py",
        old="settings.threads or launcher_threads",
        new="launcher_threads or settings.threads",
        tests="tests/test_wiring_configs.py",
    ),
    Fault(
        name="config-no-warmup",
        file="../../conf/trainer/default.yaml",
        old="warmup: 0.1",
        new="warmup: 0.0",
        tests="tests/config/test_configs.py",
    ),
    Fault(
        name="config-werank-of-the-smaller-gram",
        file="../../conf/regularizer/werank.yaml",
        old="gram: output ",
        new="gram: smaller ",
        tests="tests/test_golden_configs.py tests/test_wiring_configs.py",
    ),
    Fault(
        name="config-grace-with-a-fifth-for-training",
        file="../../conf/probe/grace.yaml",
        old="train_ratio: 0.1",
        new="train_ratio: 0.2",
        tests="tests/test_golden_configs.py tests/config/test_configs.py",
    ),
    Fault(
        name="config-supervised-without-weight-decay",
        file="../../conf/objective/supervised.yaml",
        old="weight_decay: 5.0e-4",
        new="weight_decay: 0.0",
        tests="tests/test_golden_configs.py",
    ),
    # ---- sweeps
    Fault(
        name="sweep-threads-of-all-cores-but-one",
        file="sweeps/launcher.py",
        old="max(1, cores + 1 + jobs)",
        new="max(1, cores + jobs)",
        tests="tests/sweeps/test_launchers.py",
    ),
    Fault(
        name="sweep-grid-wins-over-the-command-line",
        file="../hydra_plugins/graphssl_grids/sweeper.py",
        old="parser.parse_overrides([*written, *arguments])",
        new="parser.parse_overrides([*arguments, *written])",
        tests="tests/sweeps/test_grids.py",
    ),
    Fault(
        name="sweep-each-wins-over-the-grid",
        file="../hydra_plugins/graphssl_grids/sweeper.py",
        old="{**base, **grid} for base in each",
        new="{**grid, **base} for base in each",
        tests="tests/sweeps/test_grids.py",
    ),
    Fault(
        name="sweep-estimate-ignores-the-steps",
        file="sweeps/plan.py",
        old="median(took * (steps / of if of else 1) for took, of in earlier)",
        new="median(took for took, of in earlier)",
        tests="tests/sweeps/test_grids.py",
    ),
    Fault(
        name="sweep-failed-jobs-exit-0",
        file="cli.py",
        old="""    if outcomes.failed:
        sys.exit(1)
""",
        new="",
        tests="tests/sweeps/test_sweeps.py",
    ),
    Fault(
        name="sweep-a-job-of-other-scores-counts-as-done",
        file="sweeps/plan.py",
        old=" or unscored(record.content, plain)",
        new="",
        tests="tests/sweeps/test_grids.py",
    ),
    Fault(
        name="sweep-a-failed-trial-is-minus-infinity",
        file="../hydra_plugins/graphssl_optuna/_study.py",
        old="else None, state)",
        new="else [-math.inf] * len(self.study.directions))",
        tests="tests/sweeps/test_optuna.py",
    ),
    Fault(
        name="sweep-a-failed-trial-is-infinitely-bad",
        file="../hydra_plugins/graphssl_optuna/_study.py",
        old="else None, state)",
        new="else [(-1) ** (d.value - 1) * math.inf for d in self.study.directions])",
        tests="tests/sweeps/test_optuna.py",
    ),
    Fault(
        name="sweep-a-trial-of-a-dead-worker-is-lost",
        file="../hydra_plugins/graphssl_optuna/_study.py",
        old='                    self.study.enqueue_trial(trial.params, {"repeats": trial.number})',
        new="                    pass",
        tests="tests/sweeps/test_optuna.py",
    ),
    Fault(
        name="sweep-a-pruned-trial-trains-on",
        file="../hydra_plugins/graphssl_optuna/_trial.py",
        old="if self.trial.should_prune():",
        new="if False:",
        tests="tests/sweeps/test_optuna.py",
    ),
    Fault(
        name="sweep-a-job-begun-twice-was-never-killed",
        file="sweeps/outcomes.py",
        old="""    if path.exists():
        killed =""",
        new="""    if False:
        killed =""",
        tests="tests/sweeps/test_pace.py",
    ),
    Fault(
        name="loggers-close-before-the-scores",
        file="pipeline/run.py",
        old="        _hand_over(record, folder, loggers)",
        new="        pass",
        tests="tests/training/test_loggers.py",
    ),
    Fault(
        name="log-lines-bypass-the-console-of-the-bar",
        file="terminal.py",
        old="            console().out(self.format(record), highlight=False)",
        new='            sys.stderr.write(self.format(record) + "\\n")',
        tests="tests/training/test_progress.py",
    ),
    Fault(
        name="bars-move-in-parallel-jobs",
        file="pipeline/run.py",
        old="moving(settings.progress and launcher_threads is None)",
        new="moving(settings.progress)",
        tests="tests/training/test_progress.py",
    ),
    Fault(
        name="sweep-minimises-what-nobody-said",
        file="sweeps/optimize.py",
        old="return [BETTER[name][0] for name in chosen]",
        new='return ["minimize" for _ in chosen]',
        tests="tests/sweeps/test_optimize.py",
    ),
    Fault(
        name="sweep-maximises-the-cosine-of-pairs",
        file="results/quantities.py",
        old='"mean_pair_cosine": ("minimize"',
        new='"mean_pair_cosine": ("maximize"',
        tests="tests/sweeps/test_optimize.py",
    ),
    Fault(
        name="sweep-forced-jobs-count-as-done",
        file="sweeps/plan.py",
        old="record is None or config.force or",
        new="record is None or",
        tests="tests/sweeps/test_grids.py",
    ),
    Fault(
        name="sweep-killed-jobs-exit-0",
        file="sweeps/outcomes.py",
        old='failed.extend(_notes(folder / "failed") + lost)',
        new='failed.extend(_notes(folder / "failed"))',
        tests="tests/sweeps/test_sweeps.py::test_a_job_that_never_ended_makes_the_sweep_fail",
    ),
)


def main() -> int:
    """Read the command line, plant, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=Raw)
    parser.add_argument("--only", default="", metavar="NAME", help="faults with NAME in their name")
    parser.add_argument("--list", action="store_true", help="list the faults and plant none")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="faults at a time")
    parser.add_argument("--all-tests", action="store_true", help="the whole fast suite for each")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="per fault")
    parser.add_argument("--no-baseline", action="store_true", help="trust the tests to pass")
    options = parser.parse_args()
    faults = [fault for fault in FAULTS if options.only in fault.name]
    if not faults:
        parser.error(f"--only {options.only}: no such fault; see --list")
    if options.list:
        for fault in faults:
            print(f"{fault.name:64} {fault.file:40} {unfit(fault)}")
        return int(any(map(unfit, faults)))

    if not options.no_baseline:
        tests = sorted({t for fault in faults for t in _tests(fault, options.all_tests)})
        outcome, by, seconds = run(tests, None, timeout=None)
        if outcome != "SURVIVED":
            print(f"without any fault the tests do not pass: {outcome} {by}")
            return 1
        print(f"without any fault the tests pass ({seconds:.0f} s)", flush=True)

    def judge(fault: Fault) -> tuple[Fault, str, str, float]:
        if why := unfit(fault):
            return fault, "not applicable", why, 0.0
        return fault, *run(_tests(fault, options.all_tests), fault, options.timeout)

    survivors = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for fault, outcome, by, seconds in pool.map(judge, faults):
            print(f"{outcome:15} {fault.name:64} {seconds:4.0f} s  {by}", flush=True)
            if outcome != "killed":
                survivors.append(fault.name)
    print(f"{len(faults) - len(survivors)} of {len(faults)} killed", *survivors, sep="\n  ")
    return int(bool(survivors))


class Raw(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of the docstring."""


def unfit(fault: Fault) -> str:
    """Why ``fault`` cannot be planted; empty where it can."""
    path = ROOT / PACKAGE / fault.file
    if not path.is_file():
        return f"there is no {fault.file}"
    if missing := [test for test in fault.tests.split() if not _exists(test)]:
        return f"there is no {', '.join(missing)}"
    found = path.read_text(encoding="utf-8").count(fault.old)
    return "" if found == 1 else f"the old text is in {fault.file} {found} times"


def _exists(test: str) -> bool:
    file, _, name = test.partition("::")
    path = ROOT / file
    return path.is_file() and (not name or f"def {name}(" in path.read_text(encoding="utf-8"))


def run(tests: Sequence[str], fault: Fault | None, timeout: float | None) -> tuple[str, str, float]:
    """Outcome, the test that failed, and seconds, of ``tests`` on a copy with ``fault``."""
    started = time.monotonic()
    with planted(fault) as copy:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(copy / "src"), str(ROOT)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-m", "pytest", *PYTEST, *tests]
        try:
            done = subprocess.run(
                command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout
            )
        except subprocess.TimeoutExpired:
            return "timed out", "", time.monotonic() - started
    seconds = time.monotonic() - started
    failed = re.search(r"^(?:FAILED|ERROR) (.*)", done.stdout, re.MULTILINE)
    by = failed[1] if failed else (done.stdout + done.stderr).strip().rpartition("\n")[2]
    match done.returncode:
        case 0:
            return "SURVIVED", "", seconds
        case 1:
            return "killed", by, seconds
    return "broken", by, seconds


@contextmanager
def planted(fault: Fault | None) -> Iterator[Path]:
    """A temporary copy of ``src`` and ``conf`` with ``fault`` in it."""
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copy = Path(folder)
        for part in ("src", "conf"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / part, copy / part, ignore=ignored)
        if fault is not None:
            path = copy / PACKAGE / fault.file
            path.write_text(path.read_text(encoding="utf-8").replace(fault.old, fault.new))
        yield copy


def _tests(fault: Fault, everything: bool) -> list[str]:
    return ["tests"] if everything else fault.tests.split()


if __name__ == "__main__":
    sys.exit(main())

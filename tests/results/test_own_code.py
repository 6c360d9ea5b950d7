import hashlib
import sys

from graphssl.results.identity import identity
from graphssl.results.own_code import own_code


def test_only_files_of_the_users_are_own_code(tmp_path, monkeypatch):
    (tmp_path / "mine_only.py").write_text("raise RuntimeError('not to be imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    config = {
        "encoder": {
            "_target_": "mine_only.Encoder.of",
            "convs": [{"_target_": "torch_geometric.nn.GCNConv"}],
            "conv": {"_target_": "folder.inside.Conv"},
            "act": {"_target_": "graphssl.encoders.PReLU"},
            "norm": {"_target_": "no_such.module.Norm"},
            "make": {"_target_": "functools.partial"},
        }
    }
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/inside.py").write_text("")
    found = own_code(config)
    assert set(found) == {"mine_only.Encoder.of", "folder.inside.Conv"}
    digest = found["mine_only.Encoder.of"]
    assert digest == hashlib.sha256((tmp_path / "mine_only.py").read_bytes()).hexdigest()
    assert "mine_only" not in sys.modules


def test_an_edit_is_another_run(tmp_path, small_run, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    code = "from torch.nn import Identity\n\ndef act():\n    return Identity()\n"
    (tmp_path / "my_act.py").write_text(code)
    chosen = ("act=relu", "act._target_=my_act.act", "objective=untrained", "probe=[]")
    runs = [small_run(*chosen) for _ in range(2)]
    (tmp_path / "my_act.py").write_text(code + "# another\n")
    runs.append(small_run(*chosen))
    assert runs[0].id == runs[1].id != runs[2].id


def test_code_is_part_of_the_id():
    groups = ("dataset", "encoder", "augmentation", "objective", "regularizer", "optimizer")
    trainer = dict.fromkeys(("steps", "warmup", "precision", "grad_clip"), 1) | {"select": "last"}
    config = {**{group: {} for group in groups}, "trainer": trainer, "seed": 0}
    assert identity(config) == identity(config, code={}) != identity(config, code={"a.B": "0"})

import pytest

from graphssl.errors import ConfigError
from graphssl.report.tables.cell import Cell
from graphssl.report.tables.definition import load_definition, shipped_tables
from graphssl.report.tables.published import load_published, offset, published


def _cell(mean, seeds=5):
    return Cell(dict.fromkeys(range(seeds), (mean,)))


@pytest.mark.parametrize(
    ("ours", "seeds", "protocol", "verdict"),
    [
        (93.77, 5, "bgrl_official", "yes"),  # within two std, 0.6
        (93.78, 5, "bgrl_official", "no"),
        (92.57, 5, "bgrl_official", "yes"),
        (93.17, 4, "bgrl_official", "too few seeds"),
        (93.17, 5, "random_10_10_80", "other protocol"),
    ],
)
def test_verdict(ours, seeds, protocol, verdict):
    found = offset(_cell(ours, seeds), published("bgrl"), "amazon_photo", protocol)
    assert found.verdict == verdict
    assert found.offset == pytest.approx(ours - 93.17)
    assert found.tolerance == pytest.approx(0.6)


def test_half_a_point_where_the_std_is_small_or_unknown():
    assert offset(_cell(90.0), published("bgrl"), "coauthor_cs", "x").tolerance == 0.5
    entry = published("bgrl_official_rerun")
    assert offset(_cell(90.0), entry, "coauthor_cs", "x").tolerance == 0.5


def test_every_entry_has_a_source_and_none_is_weranks():
    for entry in load_published().values():
        assert entry.source
        assert "werank" not in entry.method.lower()
        assert all(30 < mean < 100 for mean, _ in entry.accuracy.values())


def test_tables_name_entries_that_exist():
    for name in shipped_tables():
        for names in (load_definition(name).published or {}).values():
            for entry in names:
                published(entry)


def test_unknown_entry():
    with pytest.raises(ConfigError, match="published=nobody: no such entry; there are bgrl, "):
        published("nobody")

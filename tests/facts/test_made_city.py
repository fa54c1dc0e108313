"""The facts of a made city are as they were: a net under the cases and oracles, which say what is right."""

import json

import pytest

from tests.facts.made_city import KEPT, Summary, summaries

WAS: dict[str, Summary] = json.loads(KEPT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def now() -> dict[str, Summary]:
    return summaries()


def test_every_fact_is_kept(now: dict[str, Summary]) -> None:
    assert set(now) == set(WAS)
    # A city in which nothing happens would notice nothing.
    assert sum(told["rows"][0] > 0 for told in WAS.values()) > 0.8 * len(WAS)


@pytest.mark.parametrize("name", WAS)
def test_a_fact_is_as_it_was(now: dict[str, Summary], name: str) -> None:
    assert now[name].keys() == WAS[name].keys()
    for column, told in now[name].items():
        said = f"{name}.{column} moved; if that is meant, `python -m tests.facts.made_city` writes it anew"
        assert told == pytest.approx(WAS[name][column], rel=1e-9, abs=1e-6), said

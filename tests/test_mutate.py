"""The mutation check makes real changes, and tells what is noticed from what is not."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import mutate, mutate_equal, mutate_heard

RULE = "taxi_qa/rules/fare/late_meter.py"


def test_a_mutant_differs_in_one_place_and_is_python() -> None:
    plain = ast.unparse(ast.parse((mutate.ROOT / RULE).read_text(encoding="utf-8")))
    made = list(mutate.mutants_of(RULE))
    assert made
    assert len({mutant.source for mutant in made}) == len(made)
    for mutant in made:
        ast.parse(mutant.source)
        changed = [
            (old, new)
            for old, new in zip(plain.splitlines(), mutant.source.splitlines(), strict=True)
            if old != new
        ]
        assert len(changed) == 1, mutant.told


def test_what_a_rule_declares_is_no_reasoning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    (tmp_path / "one.py").write_text(
        "LEAST = 300\n\n@rule(version=2)\ndef one(x):\n    return x > LEAST and not x == 7\n",
        encoding="utf-8",
    )
    told = sorted(mutant.told for mutant in mutate.mutants_of("one.py"))
    assert told == [
        "300  ->  600",
        "7  ->  14",
        "not x == 7  ->  not not x == 7",
        "x == 7  ->  x != 7",
        "x > LEAST  ->  x >= LEAST",
    ]
    assert not any(mutant.in_kernel for mutant in mutate.mutants_of("one.py"))


def test_kernels_and_the_constants_beside_them_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    source = (
        "LEAST = 300\n\n@njit(cache=True)\ndef one(x):\n    return x > 5\n\ndef two(x):\n    return x < 6\n"
    )
    (tmp_path / "one.py").write_text(source, encoding="utf-8")
    compiled = {mutant.told for mutant in mutate.mutants_of("one.py") if mutant.in_kernel}
    assert compiled == {"300  ->  600", "5  ->  10", "x > 5  ->  x >= 5"}


def test_a_fact_is_tried_by_the_rules_whose_units_lead_to_it() -> None:
    names = mutate.rules_that_reach("taxi_qa/facts/driven_routes.py")
    assert names == ["driving.detour"]
    assert {"driving.detour", "fare.overcharge"} <= set(mutate.rules_that_reach("taxi_qa/facts/trips.py"))


def test_where_the_package_is_there_already_no_change_would_count() -> None:
    with pytest.raises(RuntimeError, match="imported before"):
        mutate.tried(mutate.Mutant(RULE, 0, "", ""), [])


@pytest.mark.slow
def test_changes_of_a_rule_are_noticed() -> None:
    asked = [sys.executable, "scripts/mutate.py", RULE, "--most", "2", "--workers", "1"]
    told = subprocess.run(asked, cwd=mutate.ROOT, capture_output=True, text=True, check=False)
    # The unchanged file passes its tests, else nothing is tried at all.
    assert "2 of 2 caught" in told.stdout, told.stdout + told.stderr
    assert told.returncode == 0


SOURCE = '''"""Doc."""
LEAST = 300

def plain(x: int = 5) -> int:
    """Doc."""
    return inner(x)

@cache
def kept(x):
    return x + 1

@njit(cache=True)
def compiled(x):
    return x + 2

class One:
    def method(self):
        def within():
            return 7
        return within()
'''


def test_functions_that_can_say_their_name() -> None:
    tree = ast.parse(SOURCE)
    assert sorted(one.name for one in mutate_heard.heard_functions(tree)) == ["method", "plain", "within"]
    # Only a body belongs to a function: what stands in its head is made with the module.
    around = {line: mutate_heard.function_around(tree, line) for line in (2, 4, 6, 10, 14, 19, 20)}
    assert around == {2: None, 4: None, 6: "4", 10: None, 14: None, 19: "18", 20: "17"}


def test_only_tests_that_enter_a_function_are_asked() -> None:
    tree = ast.parse(SOURCE)
    heard = {"a.py:4": ["t.py::one", "u.py"], "a.py:17": ["t.py::two", "any"]}
    assert mutate_heard.who_heard(heard, "a.py", tree, 6) == ["t.py::one", "u.py"]
    # Nobody entered it; anybody may have; nobody can say.
    assert mutate_heard.who_heard(heard, "a.py", tree, 19) == []
    assert mutate_heard.who_heard(heard, "a.py", tree, 20) is None
    assert mutate_heard.who_heard(heard, "a.py", tree, 2) is None


def test_what_runs_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "def one():\n    return 1\n\n\ndef two():\n    'Doc.'\n    return one() + 1\n\n\nTHREE = one() + 2\n"
    )
    (tmp_path / "spoken.py").write_text(source, encoding="utf-8")
    ear = mutate_heard.Ear(tmp_path, ["spoken.py"], tmp_path / "heard.json")
    monkeypatch.setattr(sys, "meta_path", [ear, *sys.meta_path])
    spoken = importlib.import_module("spoken")
    monkeypatch.delitem(sys.modules, "spoken")
    assert (spoken.THREE, spoken.two.__doc__) == (3, "Doc.")
    ear.write()
    # While it was imported no test ran: any may lean on it.
    assert ear.read() == {"spoken.py:1": ["any"]}
    assert spoken.two() == 2
    assert set(ear.heard) == {"spoken.py:1", "spoken.py:5"}


def test_annotations_are_no_reasoning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutate, "ROOT", tmp_path)
    (tmp_path / "one.py").write_text(
        "def one(x: int | None) -> int | None:\n    y: int | str = x + 2\n    return y\n"
    )
    assert sorted(mutant.told for mutant in mutate.mutants_of("one.py")) == ["2  ->  4", "x + 2  ->  x - 2"]


def test_what_is_said_to_change_nothing_stands_where_it_is_said() -> None:
    known = mutate_equal.equal_ones()
    there = [mutant for file in {one.file for one in known} for mutant in mutate.mutants_of(file)]
    counted = [(one.file, one.within, one.told, sum(map(one.is_of, there))) for one in known]
    assert counted == [(one.file, one.within, one.told, one.times) for one in known]
    # Neither is one tried, nor is any other left out.
    (file, *_) = sorted({one.file for one in known})
    asked = [mutate.chosen([file], 0, 1, equal=equal) for equal in (False, True)]
    assert len(asked[0]) + len(asked[1]) == len(list(mutate.mutants_of(file)))
    assert len(asked[1]) == sum(one.times for one in known if one.file == file)


def test_what_changes_nothing_says_why(tmp_path: Path) -> None:
    listed = tmp_path / "equal.yaml"
    text = "a.py:\n  module: [{{told: 2  ->  4, why: '{}'}}]\n  One.two: [{{told: b, why: so, times: 3}}]\n"
    listed.write_text(text.format("Nobody reads it."), encoding="utf-8")
    assert mutate_equal.equal_ones(listed) == (
        mutate_equal.Equal("a.py", "", "2  ->  4", "Nobody reads it."),
        mutate_equal.Equal("a.py", "One.two", "b", "so", 3),
    )
    listed.write_text(text.format(" "), encoding="utf-8")
    with pytest.raises(ValueError, match="no reason"):
        mutate_equal.equal_ones(listed)


def test_in_which_functions_a_change_is() -> None:
    tree = ast.parse(SOURCE)
    around = mutate_equal.functions_around(tree)
    said = {node.value: name for node, name in around.items() if isinstance(node, ast.Constant)}
    assert {number: said[number] for number in (300, 5, 1, 2, 7)} == {
        300: "", 5: "plain", 1: "kept", 2: "compiled", 7: "One.method.within"
    }  # fmt: skip

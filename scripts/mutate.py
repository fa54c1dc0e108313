"""Swaps comparisons, signs and constants in rules and facts, one at a time: does any test notice?

Every mutant runs in a process forked before the package was imported; a hook on the import of the one file
gives the changed source. Where a kernel is changed none is compiled: the kept compilations know nothing of
the change. A mutant of a rule is held against that rule's golden cases, one of what rules share against the
cases of all that share it, and both against tests/rules; one of a fact against the cases of every rule whose
unit leads to that file, and the tests under tests/facts that lead there; then all against the properties.
All these come first without any change, once: they must pass, and tell which of them enter which function.
A mutant in a function that none enters lives.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.machinery
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Final

# Imported before the forks: every mutant needs them, and none of them is changed.
import numba
import pandas as pd  # noqa: F401
import pyarrow as pa  # noqa: F401
import pytest
import shapely  # noqa: F401
import sqlmodel  # noqa: F401

ROOT: Final = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.mutate_equal import are_equal, equal_ones, functions_around  # noqa: E402
from scripts.mutate_heard import Ear, Heard, Only, who_heard  # noqa: E402

PLACES: Final = ("taxi_qa/rules", "taxi_qa/facts")
# Not reasoning: what every rule shares has tests of its own and is imported before all others.
LEFT_OUT: Final = {"taxi_qa/rules/kit.py", "taxi_qa/facts/units.py"}
SWAPS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
SIGNS: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
CAUGHT, LIVES, NEVER_ENDS = 0, 3, 4
# Where no test is left, none noticed.
QUIET: Final = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
# Tests of all rules and facts together, which come last: they take longer.
_OF_ALL: Final = ("tests/test_properties.py",)
_ALL_WANTED: Final = "test_properties"
MOST_S: Final = 240
ALL_S: Final = 1_800


@dataclass(frozen=True)
class Mutant:
    """One change: its file and line, what became what, functions around it, if of a kernel, which node."""

    file: str
    line: int
    told: str
    within: str
    in_kernel: bool = False
    node: int = 0
    choice: int = 0

    @property
    def source(self) -> str:
        """The changed file."""
        tree = ast.parse((ROOT / self.file).read_text(encoding="utf-8"))
        _change(next(islice(_reasoning(tree), self.node, None)), self.choice)
        return ast.unparse(ast.fix_missing_locations(tree))


def mutants_of(file: str) -> Iterator[Mutant]:
    """Every change of one file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kernels, around = _of_kernels(tree), functions_around(tree)
    for number, node in enumerate(_reasoning(tree)):
        for choice in range(_choices(node)):
            twin = copy.deepcopy(node)
            _change(twin, choice)
            told = f"{ast.unparse(node)}  ->  {ast.unparse(twin)}"
            line = getattr(node, "lineno", 0)
            yield Mutant(file, line, told, around[node], node in kernels, number, choice)


def _of_kernels(tree: ast.Module) -> set[ast.AST]:
    """What is compiled: functions under `njit`, and in a file that has any the constants of the module."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    kernels: list[ast.AST] = [
        one for one in functions if any("njit" in ast.unparse(word) for word in one.decorator_list)
    ]
    if kernels:
        kernels += [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {node for kernel in kernels for node in ast.walk(kernel)}


def _reasoning(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those of decorators and annotations, which declare and do not reason."""
    open_ = [tree]
    while open_:
        node = open_.pop()
        yield node
        declares = [*getattr(node, "decorator_list", [])]
        declares += [getattr(node, name, None) for name in ("annotation", "returns")]
        open_ += [child for child in ast.iter_child_nodes(node) if child not in declares]


def _choices(node: ast.AST) -> int:
    if isinstance(node, ast.Compare):
        return sum(type(one) in SWAPS for one in node.ops)
    if isinstance(node, ast.BinOp):
        return int(type(node.op) in SIGNS and not isinstance(node.left, ast.Constant | ast.JoinedStr))
    if isinstance(node, ast.UnaryOp):
        return int(isinstance(node.op, ast.Invert | ast.Not))
    if isinstance(node, ast.Constant):
        return int(type(node.value) in {int, float} and node.value not in {0, 1, -1})
    return 0


def _change(node: ast.AST, choice: int) -> None:
    if isinstance(node, ast.Compare):
        at = [i for i, one in enumerate(node.ops) if type(one) in SWAPS][choice]
        node.ops[at] = SWAPS[type(node.ops[at])]()
    elif isinstance(node, ast.BinOp):
        node.op = SIGNS[type(node.op)]()
    elif isinstance(node, ast.UnaryOp):
        # Twice the same is nothing.
        node.operand = ast.UnaryOp(copy.copy(node.op), node.operand)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, int):
            node.value = node.value * 2
        elif isinstance(node.value, float):
            node.value = node.value * 1.5


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from changed source, all others as ever."""

    def __init__(self, mutant: Mutant) -> None:  # noqa: D107 - of that one
        self._name = mutant.file.removesuffix(".py").replace("/", ".")
        self._path = str(ROOT / mutant.file)
        self._source = mutant.source if mutant.file else ""

    def find_spec(  # noqa: D102 - as the interface has it
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        ours = fullname == self._name
        return importlib.machinery.ModuleSpec(fullname, self, origin=self._path) if ours else None

    def get_source(self, fullname: str) -> str:  # noqa: D102 - as the interface has it
        del fullname
        return self._source

    def exec_module(self, module: ModuleType) -> None:  # noqa: D102 - as the interface has it
        module.__file__ = self._path
        exec(compile(self._source, self._path, "exec"), module.__dict__)  # noqa: S102 - that is the point


@cache
def imports_of(file: str) -> frozenset[str]:
    """The files of the package and of its tests a file imports."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    names = {f"{node.module}.{one.name}" for node in found for one in node.names}
    names |= {node.module or "" for node in found}
    files = {name.replace(".", "/") + ".py" for name in names if name.split(".")[0] in {"taxi_qa", "tests"}}
    return frozenset(name for name in files if (ROOT / name).is_file())


@cache
def reached_from(file: str) -> set[str]:
    """Every file of the package a file leads to, itself included."""
    found, open_ = {file}, [file]
    while open_:
        new = imports_of(open_.pop()) - found
        found |= new
        open_ += new
    return found


def rules_that_reach(file: str) -> list[str]:
    """The rules whose own unit is made by a file that leads to this one."""
    return [name for name, reached in _reached_by_rule().items() if file in reached]


@cache
def _reached_by_rule() -> dict[str, set[str]]:
    """Every file that the unit of each rule leads to."""
    # Not above: what a mutant imports must not be there yet when it is forked.
    from taxi_qa.facts import units  # noqa: PLC0415
    from taxi_qa.rules.kit import catalogue  # noqa: PLC0415

    tree = ast.parse((ROOT / "taxi_qa/facts/units.py").read_text(encoding="utf-8"))
    home = {
        alias.asname or alias.name: node.module.replace(".", "/") + ".py"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    named: dict[str, set[str]] = {name: set() for name in units.UNITS}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value in named:
                words = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
                others = {one.value for one in ast.walk(value) if isinstance(one, ast.Constant)}
                named[key.value] |= {home[word] for word in words if word in home}
                for other in {one for one in others if isinstance(one, str)} & named.keys():
                    named[key.value] |= named[other]
    makes = {
        unit: {reached for made in files for reached in reached_from(made)} for unit, files in named.items()
    }
    return {name: makes[rule.judges] for name, rule in catalogue().items()}


def tests_for(file: str) -> list[str]:
    """What pytest is asked to run for a mutant of a file."""
    if file.startswith("taxi_qa/rules/"):
        # What several rules share is tried by the cases of all of them.
        sharing = [one for one in _rule_files() if file in reached_from(one)]
        wanted = " or ".join(
            [*(f"{'.'.join(Path(one).with_suffix('').parts[2:])}:" for one in sharing), "rules"]
        )
        return ["tests/test_cases.py", "tests/rules", *_OF_ALL, "-k", f"{wanted} or {_ALL_WANTED}"]
    names = rules_that_reach(file)
    wanted = " or ".join([*(f"{name}:" for name in names), "facts", _ALL_WANTED])
    own = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests/facts").glob("test_*.py"))]
    # Cases first: they are quick, and the first that fails ends it.
    return ["tests/test_cases.py", *(one for one in own if file in reached_from(one)), *_OF_ALL, "-k", wanted]


def _rule_files() -> list[str]:
    """The files of one rule each."""
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "taxi_qa/rules").glob("*/*.py"))]


def tried(
    mutant: Mutant, tests: Sequence[str], most_s: int = MOST_S, plugin: Ear | Only | None = None
) -> int:
    """Run the tests on a mutant in a process of its own, for so long: how it ended.

    Args:
        mutant: none has an empty file.
        tests: what pytest is asked for.
        most_s: what takes longer never ends.
        plugin: leaves out tests, or hears which of them enters what and writes it down.

    Raises:
        RuntimeError: the package was imported before, so the change would not count.
    """
    if "taxi_qa" in sys.modules:
        raise RuntimeError("the package was imported before: run scripts/mutate in a process of its own")
    child = os.fork()
    if child == 0:
        status = LIVES
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            if mutant.in_kernel:
                setattr(numba.config, "DISABLE_JIT", True)  # noqa: B010 - a name the types do not know
            sys.meta_path.insert(0, plugin if isinstance(plugin, Ear) else Changed(mutant))
            asked = ["-x", "-q", "-p", "no:cacheprovider", *tests]
            ended = pytest.main(asked, plugins=[plugin] if plugin else [])
            status = LIVES if ended in QUIET else CAUGHT
            if isinstance(plugin, Ear):
                plugin.write()
        except BaseException:  # noqa: BLE001 - whatever it is, it was noticed
            status = CAUGHT
        finally:
            os._exit(status)
    since = time.monotonic()
    while time.monotonic() - since < most_s:
        done, ended = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(ended)
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return NEVER_ENDS


def chosen(files: Sequence[str], most: int, seed: int, *, equal: bool = False) -> list[Mutant]:
    """So many mutants of these files, of each about the same share: of those that change anything, or not."""
    every = [mutant for file in files for mutant in mutants_of(file)]
    random.Random(seed).shuffle(every)  # noqa: S311 - a draw anybody can repeat
    known = equal_ones()
    every = [mutant for mutant in every if are_equal(mutant, known) == equal]
    return sorted(every[:most] if most else every, key=lambda mutant: (mutant.file, mutant.line))


def main(argv: Sequence[str] | None = None) -> int:
    """The command line: 0 where at least the wanted share was caught."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", nargs="*", help="files of rules or facts [default: all]")
    parser.add_argument("--most", type=int, default=100, help="so many mutants, 0 for all [default: 100]")
    parser.add_argument("--seed", type=int, default=1, help="which ones are drawn [default: 1]")
    parser.add_argument("--share", type=float, default=0.9, help="to be caught, else exit 1 [default: 0.9]")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="at once [one a core]")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    parser.add_argument(
        "--doubt", action="store_true", help="try those said to change nothing: all must live"
    )
    asked = parser.parse_args(argv)
    os.chdir(ROOT)
    files = asked.files or [
        str(path.relative_to(ROOT))
        for place in PLACES
        for path in sorted((ROOT / place).rglob("*.py"))
        if path.name != "__init__.py" and str(path.relative_to(ROOT)) not in LEFT_OUT
    ]
    mutants = chosen(files, asked.most, asked.seed, equal=asked.doubt)
    if asked.list:
        for mutant in mutants:
            print(f"{mutant.file}:{mutant.line}  {mutant.told}")
        return 0
    if asked.doubt:
        return _doubted(mutants, asked.workers)
    ended = _told(mutants, asked.workers, asked.share)
    left_out = sum(one.times for one in equal_ones() if one.file in files)
    print(f"  left out: {left_out} that change nothing (scripts/mutate_equal.yaml says why)")
    return ended


def _doubted(mutants: Sequence[Mutant], workers: int) -> int:
    tests = _tests_of({mutant.file for mutant in mutants})
    noticed = [one for one, ended in _at_once(mutants, tests, None, workers) if ended != LIVES]
    print(*(f"noticed  {one.file}:{one.line}  {one.told}" for one in noticed), sep="\n")
    print(f"{len(mutants) - len(noticed)} of {len(mutants)} change nothing that a test would notice")
    return int(bool(noticed))


def _told(mutants: Sequence[Mutant], workers: int, share: float) -> int:
    tests = _tests_of({mutant.file for mutant in mutants})
    began, ends = time.monotonic(), {CAUGHT: 0, LIVES: 0, NEVER_ENDS: 0}
    with tempfile.TemporaryDirectory() as folder:
        ear = Ear(ROOT, tests, Path(folder) / "heard.json")
        if tried(Mutant("", 0, "", ""), _all_of(tests.values()), ALL_S, ear) != LIVES:
            print("the tests fail without any change, so they would notice none")
            return 2
        heard = ear.read()
    of_file: dict[str, list[int]] = {}
    for mutant, ended in _at_once(mutants, tests, heard, workers):
        ends[ended] = ends.get(ended, 0) + 1
        of_file.setdefault(mutant.file, []).append(int(ended != LIVES))
        if ended in {LIVES, NEVER_ENDS}:
            word = "nobody noticed" if ended == LIVES else "never ended"
            print(f"{word}  {mutant.file}:{mutant.line}  {mutant.told}", flush=True)
    caught = sum(ends.values()) - ends[LIVES]
    print(f"\n{caught} of {len(mutants)} caught ({caught / max(1, len(mutants)):.1%}), "
          f"{ends[NEVER_ENDS]} of them by never ending; {time.monotonic() - began:.0f} s")  # fmt: skip
    for place in PLACES:
        held = [one for file, some in of_file.items() if file.startswith(place) for one in some]
        if held:
            print(f"  {place}: {sum(held)} of {len(held)} ({sum(held) / len(held):.1%})")
    return int(caught < share * len(mutants))


def _all_of(asked: Collection[Sequence[str]]) -> list[str]:
    """What runs every test of several lists of `tests_for`, each once."""
    folders = dict.fromkeys(word for one in asked for word in one[:-2])
    wanted = dict.fromkeys(word for one in asked for word in one[-1].split(" or "))
    return [*folders, "-k", " or ".join(wanted)]


def _at_once(
    mutants: Sequence[Mutant], tests: dict[str, list[str]], heard: Heard | None, workers: int
) -> Iterator[tuple[Mutant, int]]:
    """Each mutant with how it ended; several are tried at once, each by a process that waits for its own."""
    trees = {file: ast.parse((ROOT / file).read_text(encoding="utf-8")) for file in tests}

    def ended(one: Mutant) -> int:
        may = None if heard is None else who_heard(heard, one.file, trees[one.file], one.line)
        if may is None:
            return tried(one, tests[one.file])
        # A file none of whose tests is left need not be read.
        left = {name.split("::")[0] for name in may}
        asked = [word for word in tests[one.file] if not word.endswith(".py") or word in left]
        return tried(one, asked, plugin=Only(may)) if may else LIVES

    # Threads only wait; what they fork imports nothing that a thread may hold.
    with ThreadPoolExecutor(workers) as crew:
        yield from zip(mutants, crew.map(ended, mutants), strict=True)


def _tests_of(files: set[str]) -> dict[str, list[str]]:
    """The tests of each file; asked of a process of its own, so that this one never imports the package."""
    asked = "import json,sys; from scripts.mutate import tests_for; "
    asked += "print(json.dumps({f: tests_for(f) for f in sys.argv[1:]}))"
    call = [sys.executable, "-c", asked, *sorted(files)]
    told = subprocess.run(call, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, list[str]] = json.loads(told.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())

"""Which tests enter which function: a mutant need only meet those that could notice it.

The run without any change imports the files from a source in which every function first says its name. What
is compiled, what is kept for later tests (`cache`) and what stands outside functions says nothing: there
every test is run, as before.
"""

import ast
import importlib.abc
import importlib.machinery
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

# Entered before any test ran, so any may depend on it.
ANY: Final = "any"
Heard = dict[str, list[str]]
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def heard_functions(tree: ast.Module) -> Iterator[_Function]:
    """The functions that can say their name: neither compiled nor kept, nor within one that is."""
    open_: list[ast.AST] = [tree]
    while open_:
        node = open_.pop()
        if isinstance(node, _Function):
            if any("njit" in word or "cache" in word for word in map(ast.unparse, node.decorator_list)):
                continue
            yield node
        open_ += ast.iter_child_nodes(node)


def function_around(tree: ast.Module, line: int) -> str | None:
    """The line, as text, at which the innermost of those functions begins whose body holds a line."""
    around = [one.lineno for one in heard_functions(tree) if one.body[0].lineno <= line <= _last(one)]
    return str(max(around)) if around else None


def _last(function: _Function) -> int:
    return function.end_lineno or function.lineno


class Ear(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports files so that their functions are heard, and as a plugin of pytest knows which test runs."""

    def __init__(self, root: Path, files: Collection[str], kept: Path) -> None:
        """Of these files below a folder; what is heard is kept in a file, for the process that asked."""
        self._root, self._kept = root, kept
        self._files = {file.removesuffix(".py").replace("/", "."): file for file in files}
        self._now = ANY
        self.heard: dict[str, set[str]] = {}

    def find_spec(  # noqa: D102 - as the interface has it
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname not in self._files:
            return None
        origin = str(self._root / self._files[fullname])
        return importlib.machinery.ModuleSpec(fullname, self, origin=origin)

    def get_source(self, fullname: str) -> str:  # noqa: D102 - as the interface has it
        return (self._root / self._files[fullname]).read_text(encoding="utf-8")

    def exec_module(self, module: ModuleType) -> None:  # noqa: D102 - as the interface has it
        file = self._files[module.__name__]
        module.__file__ = str(self._root / file)
        tree = ast.parse(self.get_source(module.__name__))
        for function in list(heard_functions(tree)):
            name = ast.Constant(f"{file}:{function.lineno}")
            # After the docstring, which is one only where it comes first.
            at = int(ast.get_docstring(function, clean=False) is not None)
            function.body.insert(at, ast.Expr(ast.Call(ast.Name("__heard__", ast.Load()), [name], [])))
        module.__dict__["__heard__"] = lambda name: self.heard.setdefault(name, set()).add(self._now)
        code = compile(ast.fix_missing_locations(tree), module.__file__, "exec")
        exec(code, module.__dict__)  # noqa: S102 - that is the point

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """What a fixture makes is for every test of its file."""
        self._now = item.nodeid.split("::")[0]

    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """What a test enters is its own."""
        self._now = item.nodeid

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """As before it."""
        self._now = item.nodeid.split("::")[0]

    def write(self) -> None:
        """Keep what was heard."""
        told = {name: sorted(tests) for name, tests in self.heard.items()}
        self._kept.write_text(json.dumps(told), encoding="utf-8")

    def read(self) -> Heard:
        """What was kept: the tests, by id or by file, that entered each function."""
        told: Heard = json.loads(self._kept.read_text(encoding="utf-8"))
        return told


class Only:
    """A plugin of pytest that leaves only some tests, named by their id or by their file."""

    def __init__(self, wanted: Collection[str]) -> None:
        """Of these."""
        self._wanted = frozenset(wanted)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the others."""
        items[:] = [one for one in items if self._wanted & {one.nodeid, one.nodeid.split("::")[0]}]


def who_heard(
    heard: Mapping[str, Collection[str]], file: str, tree: ast.Module, line: int
) -> list[str] | None:
    """The tests that entered the function around a line, by id or file; None where it cannot be said."""
    name = function_around(tree, line)
    tests = heard.get(f"{file}:{name}", ()) if name else (ANY,)
    return None if ANY in tests else sorted(tests)

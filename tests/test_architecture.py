"""The house rules no linter knows: size of modules, names of folders, a contract for every floor."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "taxi_qa"
MODULES = sorted(path.relative_to(ROOT) for path in PACKAGE.rglob("*.py"))
# Migrations are written once by a tool and never changed again.
READ = [module for module in MODULES if "versions" not in module.parts]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["name"]: contract for contract in SETTINGS["tool"]["importlinter"]["contracts"]}

MOST_LINES = 400
MOST_LINES_OF_A_RULE = 120
FORBIDDEN = {
    "utils",
    "util",
    "core",
    "common",
    "helpers",
    "helper",
    "managers",
    "manager",
    "services",
    "service",
    "misc",
}
REASONING = {"values", "records", "law", "roads", "facts", "findings", "rules", "score"}
# Where the clock may be read; ruff (TID251) holds the rest of the package to it.
CLOCK = {"taxi_qa/cli/**", "scripts/**"}


@pytest.mark.parametrize("module", READ, ids=str)
def test_no_module_is_longer_than_a_person_reads(module: Path) -> None:
    lines = len((ROOT / module).read_text(encoding="utf-8").splitlines())
    # A rule lies two folders deep: taxi_qa/rules/fare/overcharge.py.
    is_rule = module.parts[1] == "rules" and len(module.parts) == len(
        ("taxi_qa", "rules", "fare", "overcharge.py")
    )
    most = MOST_LINES_OF_A_RULE if is_rule else MOST_LINES
    assert lines <= most, f"{module} has {lines} lines, at most {most}: which two things does it do?"


def test_no_folder_or_module_is_named_after_nothing() -> None:
    names = {
        part.removesuffix(".py") for module in MODULES for part in module.parts if not _is_family(module)
    }
    assert not names & FORBIDDEN


def _is_family(module: Path) -> bool:
    """One family of rules is called `service`, after the pledge's own word."""
    return module.parts[-3:-1] == ("rules", "service")


def test_every_package_says_what_it_is() -> None:
    for folder in {(ROOT / module).parent for module in MODULES}:
        text = (folder / "__init__.py").read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), f"{folder.name}/__init__.py has no docstring"


def test_every_reasoning_floor_is_in_the_contract_of_the_reasoning() -> None:
    floors = {path.name for path in PACKAGE.iterdir() if path.is_dir()} & REASONING
    contract = CONTRACTS["The reasoning knows no database, no web and no files of records"]
    assert set(contract["source_modules"]) == {f"taxi_qa.{floor}" for floor in floors}


def test_every_family_of_rules_is_in_the_contract_of_the_families() -> None:
    families = {path.parent.name for path in (PACKAGE / "rules").glob("*/__init__.py")}
    contract = CONTRACTS["Rule families do not know each other"]
    assert set(contract["modules"]) == {f"taxi_qa.rules.{family}" for family in families}


def test_the_clock_is_read_by_the_command_line_and_the_scripts_only() -> None:
    ignores = SETTINGS["tool"]["ruff"]["lint"]["per-file-ignores"]
    assert {glob for glob, codes in ignores.items() if "TID251" in codes} == CLOCK


def test_tests_mirror_the_package() -> None:
    strange = [
        path.name
        for path in (ROOT / "tests").iterdir()
        if path.is_dir()
        and path.name not in {p.name for p in PACKAGE.iterdir()} | {"cases", "real", "__pycache__"}
    ]
    assert not strange, f"tests/{strange} mirror no floor"

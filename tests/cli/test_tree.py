"""How every call behaves: help, where the home is told, how it ends, what stays out of it."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from taxi_qa import __version__
from taxi_qa.cli import failure
from taxi_qa.cli.command import Place, place_of
from taxi_qa.cli.tree import PROGRAM, root, run

Call = Callable[..., tuple[int, str, str]]

PROJECT = Path(__file__).resolve().parents[2]


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command of the tree with the words that name it."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


ALL = dict(commands(root))


@pytest.mark.parametrize("words", [(), *ALL], ids=" ".join)
def test_every_command_has_help_that_says_where_its_home_is(words: tuple[str, ...], call: Call) -> None:
    status, out, err = call(*words, "--help")
    assert (status, err) == (0, "")
    assert "--home DIR" in out
    assert "--database URL" in out


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_and_every_option_says_what_it_does(words: tuple[str, ...]) -> None:
    command = ALL[words]
    summary = command.get_short_help_str(limit=200)
    assert summary.endswith("."), words
    # So that no line of a list of commands is cut.
    assert len(summary) <= 62, f"{words}: the first sentence has {len(summary)} characters"
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]
    assert not silent, f"{words}: options without help: {silent}"


def shown_in(table: str) -> set[tuple[str, ...]]:
    """The commands a table of the README names: `taxi-qa law check`, `taxi-qa quarantine [list\\|export]`."""
    shown = set()
    for words, choice in re.findall(r"`taxi-qa ((?:[a-z]+(?:-[a-z]+)* ?)+)(\[[a-z|\\]+\])?", table):
        named = tuple(words.split())
        ways = choice.strip("[]").replace("\\", "").split("|") if choice else [""]
        for way in ways:
            full = (*named, way) if way else named
            group = ALL.get(full)
            # A group stands for the command that is meant where none of it is named.
            shown.add((*full, next(iter(group.commands))) if isinstance(group, click.Group) else full)
    return shown


def test_the_table_of_the_readme_is_the_tree_of_commands() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("<!-- commands -->")[2].partition("<!-- /commands -->")[0]
    assert shown_in(table) == {
        words for words, command in ALL.items() if not isinstance(command, click.Group)
    }


def test_the_version_is_one_line(call: Call) -> None:
    assert call("--version") == (0, f"taxi-qa {__version__}\n", "")


def test_help_loads_nothing_heavy() -> None:
    heavy = "{'pandas', 'numpy', 'numba', 'sqlalchemy', 'pyarrow', 'rich', 'shapely', 'yaml'}"
    program = (
        f"import sys; from taxi_qa.cli.tree import run; run(['ingest', '--help']); "
        f"sys.exit(str(sorted({heavy} & set(sys.modules))) if {heavy} & set(sys.modules) else 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


# --- where the home is ---------------------------------------------------------------------------------


def told(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Place:
    """Where a call thinks its home is."""
    places: list[Place] = []

    @click.pass_context
    def noted(ctx: click.Context) -> None:
        places.append(place_of(ctx))

    monkeypatch.setattr(ALL["findings", "export"], "callback", lambda **_: noted())
    assert run([*arguments]) == 0
    return places[0]


WORDS = ("findings", "export", "--out", "x.csv")


def test_the_home_may_stand_before_between_or_behind_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    option = ("--home", "h", "--database", "sqlite:///d")
    expected = Place(Path("h"), "sqlite:///d")
    for calls in ((*option, *WORDS), (*WORDS[:1], *option, *WORDS[1:]), (*WORDS, *option)):
        assert told(monkeypatch, *calls) == expected


def test_the_nearest_word_counts_and_the_environment_only_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert told(monkeypatch, *WORDS) == Place(Path("var"), None)
    monkeypatch.setenv("TAXI_QA_HOME", "from-environment")
    monkeypatch.setenv("TAXI_QA_DATABASE_URL", "sqlite:///e")
    assert told(monkeypatch, *WORDS) == Place(Path("from-environment"), "sqlite:///e")
    assert told(monkeypatch, "--home", "a", *WORDS).home == Path("a")
    assert told(monkeypatch, "--home", "a", *WORDS, "--home", "b").home == Path("b")


# --- how a call ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fly"], "No such command 'fly'"),
        (["check", "--from", "yesterday"], "'yesterday' is no day; expected the form 2026-10-20"),
        (["check", "--from", "2026-10-20", "--to", "2026-10-19"], "the last day is before the first"),
        (["check", "--rule", "fare.overchrage"], "did you mean fare.overcharge?"),
        (["ingest"], "Missing argument 'FILE...'"),
        (["init", "--city", "atlantis"], "no tariff for 'atlantis'; there is one for "),
        (["law", "fare.nothing", "--city", "guangzhou"], "guangzhou has no law 'fare.nothing'"),
        (
            ["records", "export", "drivers", "--out", "x.csv", "--vehicle", "粤T1"],
            "drivers belong to no vehicle",
        ),
        (["doctor", "--database", "mysql://x"], "mysql"),
        (["doctor"], "taxi-qa init --home"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_call_is_one_line_and_exit_2(arguments: list[str], says: str, call: Call) -> None:
    status, out, err = call(*arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def broken_command(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def breaking(**_: object) -> None:
        raise error

    monkeypatch.setattr(ALL["doctor",], "callback", breaking)


def test_an_unexpected_error_is_one_line_and_its_traceback_is_kept_without_data(
    monkeypatch: pytest.MonkeyPatch, call: Call, home: Path
) -> None:
    broken_command(monkeypatch, KeyError("粤T12345 13800138000"))
    status, out, err = call("--home", home, "doctor")
    assert (status, out, err.count("\n")) == (2, "", 1)
    (kept,) = (home / failure.ERRORS_FOLDER).iterdir()
    assert str(kept) in err
    text = kept.read_text(encoding="utf-8")
    assert "KeyError" in text
    assert "in breaking" in text
    assert "粤T12345" not in text + err
    assert "13800138000" not in text + err


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, call: Call, home: Path) -> None:
    broken_command(monkeypatch, KeyError("x"))
    status, _, err = call("doctor", "--home", home, "--debug")
    assert status == 2
    assert "Traceback" in err


def test_without_a_home_nothing_is_written_for_an_error(
    monkeypatch: pytest.MonkeyPatch, call: Call, tmp_path: Path
) -> None:
    broken_command(monkeypatch, KeyError("x"))
    status, _, err = call("doctor")
    assert (status, list(tmp_path.iterdir())) == (2, [])
    assert "--debug" in err


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied", "/x/y"), "/x/y: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (MemoryError(), "out of memory"),
    ],
)
def test_what_a_machine_lacks_is_said_in_a_line(
    error: BaseException, says: str, monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    broken_command(monkeypatch, error)
    status, out, err = call("doctor")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"{PROGRAM}: {says}")


def test_an_interrupt_is_one_line_and_130(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    broken_command(monkeypatch, KeyboardInterrupt())
    status, out, err = call("doctor")
    assert (status, out, err.count("\n")) == (130, "", 1)


def test_a_signal_from_outside_ends_a_process_with_130_and_one_line() -> None:
    # Tests begun in the background inherit a SIGINT that is ignored.
    program = (
        "import signal, time, taxi_qa.cli.tree as tree, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "tree.root.commands['doctor'].callback = lambda **_: (print('ready', flush=True), time.sleep(60))\n"
        "sys.argv = ['taxi-qa', 'doctor']\n"
        "tree.main()\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == failure.INTERRUPTED
    assert err.count("\n") == 1


def test_a_reader_that_leaves_early_gets_no_complaint() -> None:
    command = [sys.executable, "-m", "taxi_qa", "law", "--city", "guangzhou", "--json"]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (failure.PIPE_CLOSED, "")

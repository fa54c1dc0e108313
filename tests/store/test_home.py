import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from taxi_qa.store import migrate
from taxi_qa.store.engine import transaction
from taxi_qa.store.home import Home, HomeError, make_home, open_home, writing


def test_a_home_is_opened_with_the_settings_it_was_made_with(home: Home, url: str | None) -> None:
    opened = open_home(home.path, url)
    assert (opened.city, opened.timezone, opened.buckets) == ("zhongshan", "Asia/Shanghai", 4)
    opened.engine.dispose()


def test_making_it_again_keeps_everything(home: Home, url: str | None) -> None:
    again = make_home(home.path, url)
    assert again == home
    again.engine.dispose()


def test_another_city_is_refused(home: Home, url: str | None) -> None:
    with pytest.raises(HomeError, match=r"set up with city zhongshan, not nyc; .*another --home"):
        make_home(home.path, url, city="nyc")


def test_a_home_travels_to_another_process(home: Home) -> None:
    opened = pickle.loads(pickle.dumps(home))  # noqa: S301 - our own bytes
    assert opened == home
    opened.engine.dispose()


def test_what_is_no_home_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place, words in (
        (tmp_path / "not here", r'no home of taxi-qa; make one with: taxi-qa init --home ".*not here"'),
        (tmp_path / "file", "is a file"),
    ):
        with pytest.raises(HomeError, match=words) as caught:
            open_home(place)
        assert "\n" not in str(caught.value)
    with pytest.raises(HomeError, match="Not a directory"):
        make_home(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://me:secret@host/x", "'mysql' is not supported"),
        ("sqlite://", "must be a file"),
        ("postgresql://me:secret@127.0.0.1:1/x", "cannot be used: connection"),
    ],
)
def test_a_database_that_cannot_be_used_is_said_without_its_password(
    tmp_path: Path, url: str, words: str
) -> None:
    with pytest.raises(HomeError, match=words) as caught:
        make_home(tmp_path, url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_database_is_said_in_one_line(tmp_path: Path) -> None:
    home = make_home(tmp_path)
    home.engine.dispose()
    for leftover in tmp_path.glob("taxi_qa.db*"):
        leftover.unlink()
    (tmp_path / "taxi_qa.db").write_bytes(b"this is no database at all, only text" * 100)
    with pytest.raises(HomeError, match="not a database"):
        open_home(tmp_path)


def test_without_the_driver_the_message_names_the_extra(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from taxi_qa.store.home import HomeError, make_home\n"
        "try: make_home(sys.argv[1], 'postgresql://me@host/x')\n"
        "except HomeError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout == "PostgreSQL needs its driver: pip install taxi-qa[postgresql]\n"


def test_a_newer_version_s_home_is_refused(home: Home, url: str | None) -> None:
    with transaction(home.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (open_home, make_home):
        with pytest.raises(HomeError, match="newer version of taxi-qa") as caught:
            use(home.path, url)
        assert "\n" not in str(caught.value)


def test_a_database_without_migrations_names_the_command(home: Home, url: str | None) -> None:
    with transaction(home.engine) as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(HomeError, match=r"run: taxi-qa init --home"):
        open_home(home.path, url)


def test_a_folder_and_another_home_s_database_are_strangers(
    tmp_path: Path, home: Home, url: str | None
) -> None:
    other = make_home(tmp_path / "other")
    other.engine.dispose()
    with pytest.raises(HomeError, match="different homes"):
        open_home(other.path, home.url)
    mark = home.path / "home.json"
    mark.write_text(json.dumps({"home_id": "another", "database": "sqlite"}))
    with pytest.raises(HomeError, match="different homes"):
        make_home(home.path, url)


def test_a_home_kept_in_postgresql_asks_for_its_url(tmp_path: Path, postgresql_url: str) -> None:
    make_home(tmp_path, postgresql_url).engine.dispose()
    for use in (open_home, make_home):
        with pytest.raises(HomeError, match="give its --database URL"):
            use(tmp_path)


def test_only_one_process_writes(home: Home) -> None:
    code = (
        "import sys\n"
        "from taxi_qa.store.home import HomeError, open_home, writing\n"
        "try:\n"
        "    with writing(open_home(sys.argv[1], sys.argv[2])): print('wrote')\n"
        "except HomeError as error: print(error)"
    )

    def other() -> str:
        call = [sys.executable, "-c", code, str(home.path), home.url]
        return str(subprocess.run(call, capture_output=True, text=True, check=True).stdout)

    with writing(home):
        with writing(home):  # again in the same process: no quarrel with itself
            pass
        said = other()
    assert said.startswith("another taxi-qa (process ")
    assert said.count("\n") == 1
    assert other() == "wrote\n"


def test_writing_sweeps_what_a_killed_process_left(home: Home) -> None:
    (home.staging / "sha" / "deep").mkdir(parents=True)
    (home.staging / "part.parquet").write_bytes(b"half")
    orphan = home.tracks / "day=2026-10-20" / "bucket=03" / "never-committed.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"whole, but named by nobody")
    note = orphan.parent / "note.txt"
    note.write_text("not ours")
    with writing(home):
        assert list(home.staging.iterdir()) == []
        assert not orphan.exists()
        assert note.exists()
        (home.staging / "mine").mkdir()
        with writing(home):
            assert (home.staging / "mine").exists(), "only the first entry sweeps"


def test_the_database_equals_the_models(home: Home) -> None:
    with home.engine.connect() as connection:
        assert migrate.differences(connection) == []
        assert migrate.revision_of(connection) == migrate.HEAD


def test_the_newest_migration_is_the_one_named_in_the_code() -> None:
    versions = Path(migrate.__file__).parent / "migrations" / "versions"
    assert max(path.name for path in versions.glob("0*.py")).split("_")[0] == migrate.HEAD
    assert migrate.is_known(migrate.HEAD)


def test_a_draft_of_a_migration_finds_nothing_to_do(home: Home) -> None:
    with home.engine.connect() as connection:
        lines = [line.strip() for line in migrate.draft(connection).splitlines()]
        assert [line for line in lines if line and not line.startswith("#")] == ["pass"]

"""`check --as-of` as a person calls it."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from taxi_qa.values.clock import MS_PER_DAY, moment_of

Call = Callable[..., tuple[int, str, str]]

HEAD = "trip_id,vehicle_id,driver_id,boarded_at,alighted_at,metered_km,waiting_s,fare_yuan,paid_yuan\n"
DEAR = "t1,粤A11111,D1,2025-10-13 08:00:00,2025-10-13 08:20:00,5.2,0,99.00,99.00\n"
FAIR = "t1,粤A11111,D1,2025-10-13 08:00:00,2025-10-13 08:20:00,5.2,0,12.00,12.00\n"
NOW_MS = time.time_ns() // 1_000_000


def city_date(later_days: int = 0) -> str:
    return moment_of(NOW_MS + later_days * MS_PER_DAY, "Asia/Shanghai").date().isoformat()


def on_day(monkeypatch: pytest.MonkeyPatch, later_days: int) -> None:
    for module in ("ingest", "check"):
        monkeypatch.setattr(f"taxi_qa.cli.{module}.now_ms", lambda: NOW_MS + later_days * MS_PER_DAY)


@pytest.fixture
def judged(call: Call, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dear trip was judged today, and corrected tomorrow; its first export lies beside."""
    on_day(monkeypatch, 0)
    file = tmp_path / "trips.csv"
    file.write_text(HEAD + DEAR, encoding="utf-8")
    for command in (("ingest", file), ("check", "--executor", "inline")):
        status, _, err = call(*command, "--home", home)
        assert status == 0, err
    assert call("findings", "export", "--home", home, "--out", tmp_path / "then.csv")[0] == 0
    on_day(monkeypatch, 1)
    file.write_text(HEAD + FAIR, encoding="utf-8")
    for command in (("ingest", file), ("check", "--executor", "inline")):
        assert call(*command, "--home", home)[0] == 0
    return home


def test_as_of_the_day_before_a_correction_the_same_bytes_come_again(
    call: Call, judged: Path, tmp_path: Path
) -> None:
    def exported(name: str, *more: str) -> bytes:
        status, _, err = call("findings", "export", "--home", judged, "--out", tmp_path / name, *more)
        assert status == 0, err
        return (tmp_path / name).read_bytes()

    then, now = (tmp_path / "then.csv").read_bytes(), exported("now.csv")
    assert b"fare.overcharge" in then
    assert b"fare.overcharge" not in now
    told = ("--executor", "inline", "--out", tmp_path / "again.csv")
    status, out, err = call("check", "--home", judged, "--as-of", city_date(), *told)
    assert status == 0, err
    assert "fare.overcharge" in out
    assert "was judged in this home before" in err
    assert (tmp_path / "again.csv").read_bytes() == then
    assert exported("asked.csv", "--as-of", city_date()) == then
    assert exported("later.csv") == now


def test_what_cannot_be_known_is_refused_in_one_line(call: Call, judged: Path) -> None:
    for arguments, words in (
        (("check", "--as-of", city_date(-1)), "nothing had arrived by the end of"),
        (("check", "--as-of", city_date(9)), "is yet to come"),
        (("check", "--out", "x.csv"), "only with --as-of"),
        (("findings", "export", "--as-of", city_date(1), "--out", "x.csv"), "run `taxi-qa check --as-of"),
    ):
        status, out, err = call(*arguments, "--home", judged)
        assert (status, out, err.count("\n")) == (2, "", 1), err
        assert words in err

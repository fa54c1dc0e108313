"""Who may sign in to a demonstration: every role, also where everybody's registration has an end."""

from pathlib import Path

import pytest

from taxi_qa.cli.demo_people import demo_sign_ins
from taxi_qa.store.accounts import ROLES, all_accounts
from taxi_qa.store.home import make_home, writing
from taxi_qa.values.clock import day_from_text
from tests.store.making import delivery, rows


@pytest.mark.parametrize(("until", "driver"), [("2099-12-31", "D1"), ("2020-12-31", "D2"), (None, "D1")])
def test_every_role_has_a_sign_in(tmp_path: Path, until: str | None, driver: str) -> None:
    """Without any case it is the first driver who is still in the register; D2 stays in it always."""
    home = make_home(tmp_path / "home")
    register = [
        {
            "driver_id": name,
            "name": "made",
            "company_id": "C1",
            "registered_from_day": day_from_text("2019-01-01"),
            "registered_to_day": None if end is None else day_from_text(end),
        }
        for name, end in (("D1", until), ("D2", "2099-12-31"))
    ]
    with writing(home), delivery(home, kind="drivers", sha256="drivers") as going_in:
        going_in.add_records("drivers", rows("drivers", *register))
        going_in.commit()
    shown = demo_sign_ins(home)
    assert len(shown) == len(ROLES) == 7
    accounts = {one.role: one for one in all_accounts(home)}
    assert accounts["driver"].driver_id == driver
    assert accounts["manager"].company_id == "C1"
    # Again: the same people with other passwords.
    again = demo_sign_ins(home)
    assert [one.name for one in again] == [one.name for one in shown]
    assert {one.password for one in again}.isdisjoint(one.password for one in shown)
    home.engine.dispose()

"""The menu: what a role goes to every day stands first, the rest behind one word, nothing is lost."""

import re

import pytest

from taxi_qa.store.accounts import ROLES
from taxi_qa.web.menu import FIRST, PLACES
from taxi_qa.web.permits import permitted
from tests.web.conftest import City, text_of


def test_every_role_has_its_first_places_and_may_go_there(city: City) -> None:
    assert set(FIRST) == set(ROLES)
    for role, places in FIRST.items():
        assert 3 <= len(places) <= 5
        for place in places:
            assert role in permitted(city.app, place), (role, place)


@pytest.mark.parametrize("name", ["d1", "m1", "inspector", "reviewer", "appeals", "admin", "auditor"])
def test_the_menu_holds_every_place_once(city: City, name: str) -> None:
    page = text_of(city.client(name), "/rules")
    nav = page.partition('aria-label="主菜单"')[2].partition("</nav>")[0]
    links = re.findall(r'href="([^"]+)"', nav)
    role = {"d1": "driver", "m1": "manager", "appeals": "appeal_reviewer", "admin": "administrator"}
    with city.app.test_request_context():
        mine = [
            city.app.url_for(one.endpoint)
            for one in PLACES
            if role.get(name, name) in permitted(city.app, one.endpoint)
        ]
    assert sorted(links) == sorted(mine)
    assert nav.count('aria-current="page"') == 1

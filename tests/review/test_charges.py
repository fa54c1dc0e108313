import pytest

from taxi_qa.law.read import read_law
from taxi_qa.review.charges import charge_by, items, weights_on, without_item
from taxi_qa.review.desk import Confirmed
from taxi_qa.rules.kit import catalogue
from tests.review.desks import NOON

LAW = read_law("zhongshan")


IN_2016 = 1_470_000_000_000


def act(rule: str, at_ms: int = NOON) -> Confirmed:
    return Confirmed("c", rule, "D1", at_ms, NOON, "Wang")


def test_every_rule_has_an_item_of_the_law_or_a_reason_why_not() -> None:
    assert set(items()) | set(without_item()) == set(catalogue())
    assert all(path in LAW for path in items().values())
    assert all(len(reason) > 10 for reason in without_item().values())


def test_what_the_law_quotes_costs_points_and_the_rest_is_an_observation() -> None:
    told = charge_by(LAW)(act("service.complaint_uncooperative", IN_2016))
    assert (told["points"], told["kind"]) == (-10, "deduction")  # the table: -10, quoted
    assert told["leans_on"] == "credit.items.complaint_not_cooperating@2012-01-01"
    carried_on = charge_by(LAW)(act("service.complaint_uncooperative"))
    assert (carried_on["points"], carried_on["certainty"]) == (0, "secondary")  # its new table was never seen
    unseen = charge_by(LAW)(act("service.order_not_served"))
    assert (unseen["points"], unseen["kind"]) == (0, "observation")  # the table: unknown
    without = charge_by(LAW)(act("fare.wrong_rate"))
    assert (without["points"], without["item"]) == (0, "")


@pytest.mark.parametrize("rule", sorted(items()))
def test_no_value_that_is_not_sure_moves_a_score(rule: str) -> None:
    for at_ms in (IN_2016, NOON):
        told = charge_by(LAW)(act(rule, at_ms))
        assert (told["points"] != 0) <= (told["certainty"] in ("quoted", "bank"))


def test_an_act_counts_on_its_day_in_the_city() -> None:
    # 2026-09-22 01:13:20 in the city is 2026-09-21 17:13:20 in UTC: NOON and three hours; day 20,718.
    assert charge_by(LAW)(act("fare.no_receipt", NOON + 3 * 3_600_000))["act_day"] == 20_718
    assert charge_by(LAW)(act("fare.no_receipt"))["act_day"] == 20_717


def test_weights_are_the_points_of_the_day() -> None:
    assert weights_on(LAW, NOON)["service.complaint_uncooperative"] == 10.0

"""The words a record may call its rate by are those the facts know."""

from taxi_qa.facts.trips import metered_trips
from taxi_qa.records.kinds import RATE_CODES
from tests.small_city import City


def test_every_rate_code_of_the_records_is_known_to_the_facts_and_no_other() -> None:
    codes = [*RATE_CODES, "newark"]
    trips = [
        {
            "trip_id": f"T{number}",
            "vehicle_id": "粤A1",
            "boarded_at": "13:00:10",
            "alighted_at": "13:20:00",
            "metered_km": 10,
            "fare_yuan": 30,
            "rate_code": code,
        }
        for number, code in enumerate(codes)
    ]
    city = City(records={"trips": trips})
    judged = metered_trips(city.given(), city.law())
    assert judged["rate_code"].tolist() == codes
    assert (judged["rate_missing"] == "known rate_code").tolist() == [False] * len(RATE_CODES) + [True]

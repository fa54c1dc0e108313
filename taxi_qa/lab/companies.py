"""What a whole company does, car by car: its data come late, its terminals fail, its passengers are unhappy.

One car is the post's own; it tells of the company in the answer key, and all cars of the company take part.
"""

from typing import Final

from taxi_qa.lab.life import DAY_S, Disturbance, Duty, Life, Truth
from taxi_qa.lab.plan import ABOUT_COMPANIES, Post

_LATE_S: Final = {"clear": 95.0, "near_miss": 48.0}
# Of a shift of nine hours forty minutes are seven hundredths; one shift of five has so much, or each.
_DARK_S: Final = 2_400
_DARK_SHIFTS: Final = {"clear": 1, "near_miss": 5}
_BAD: Final = 3
# Of a hundred rides that are rated so many are rated bad.
_BAD_SHARE: Final = {"clear": 0.075, "near_miss": 0.03}
_NOTES: Final = {
    "sla.delay": "every position of the company's cars about {:.0f} s late",
    "sla.equipment": "no positions for forty minutes of one shift in {:.0f}",
    "sla.satisfaction": "{:.1f} of a hundred ratings of the company are bad, a few drivers aside",
}


def companies_acts(posts: list[Post]) -> list[Post]:
    """The acts of companies among those of cars."""
    return [post for post in posts if post.rule in ABOUT_COMPANIES]


def company_act(life: Life, post: Post, days: int) -> None:
    """Plants one car's share of what its company does; nothing on cars of others."""
    if (life.number - post.vehicle) % 2:
        return
    amount = 0.0
    if post.rule == "sla.delay":
        amount = _LATE_S[post.label] + 3.0
        span = (life.duties[0].start_s, life.duties[-1].end_s)
        late = Disturbance("steady", life.awake[0][0] - 600, span[1] + 600, amount=_LATE_S[post.label])
        life.disturbances.append(late)
        life.planted("vehicle.late_data", post.label, *span, f"every position about {amount:.0f} s late")
    elif post.rule == "sla.equipment":
        amount = _DARK_SHIFTS[post.label]
        for number, duty in enumerate(life.duties):
            if (number + life.number) % amount == 0:
                _goes_dark(life, duty)
    else:
        amount = 100.0 * _BAD_SHARE[post.label]
        for ride in life.rides:
            # Whoever says anything says it by the other dice; who is planted keeps what was planted.
            if ride.rating is None and life.rng.random() < _BAD_SHARE[post.label] / 2:
                ride.rating = _BAD
    if life.number == post.vehicle:
        note = _NOTES[post.rule].format(amount)
        life.truths.append(
            Truth(post.rule, post.label, "", "", "", 0, days * DAY_S, note, company_id=life.company_id)
        )


def _goes_dark(life: Life, duty: Duty) -> None:
    start = duty.start_s + (duty.end_s - duty.start_s) * 2 // 5
    life.disturbances.append(Disturbance("silent", start, start + _DARK_S))
    note = "40 minutes on duty without positions"
    life.planted("vehicle.gnss_outage", "clear", start, start + _DARK_S, note, driver_id=duty.driver_id)

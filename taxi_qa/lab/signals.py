"""What the terminals send wrongly: second cars under one plate, silence, late batches."""

import datetime as dt

from taxi_qa.lab import city as town
from taxi_qa.lab.life import CRUISE, Disturbance, Life
from taxi_qa.lab.motion import Track
from taxi_qa.lab.papers import APPROVER, duty_of, excuse, ticket
from taxi_qa.lab.plan import Post
from taxi_qa.lab.records import clock_text


def ghosts(life: Life) -> list[Track]:
    """The second cars that wear this car's plate."""
    made = []
    for start, end in life.ghosts:
        row = 4 if life.track.node[1] > town.CENTRE[1] else town.ROWS - 5
        track = Track(life.track.streets, life.rng, float(start), (4, row))
        while track.now_s < end:
            # It keeps to the western edge, out of reach of the true car's ranks and depots.
            goal = (int(life.rng.integers(0, 9)), int(life.rng.integers(0, town.ROWS)))
            track.drive(goal, CRUISE)
            track.stand(float(life.rng.uniform(20, 200)))
        made.append(track)
    return made


def cloned_plate(life: Life, post: Post) -> None:
    """Two streams under one plate, or what looks like it."""
    duty = life.duties[post.day * 2]
    start = duty.start_s + 3 * 3600
    if post.label == "clear":
        span = (start, start + 9_000)
        life.ghosts.append(span)
        note = "a second car far away sends under the same plate for two and a half hours"
    elif post.label == "near_miss":
        span = (start, start + 3 * life.interval_s)
        life.disturbances.append(Disturbance("drift", *span))
        note = "three fixes in a row three kilometres off: not sustained"
    elif post.variant % 2 == 0:
        span = (start, start + 1_200)
        life.disturbances.append(Disturbance("clock", *span, amount=2_700.0))
        note = (
            "twenty minutes stamped 45 minutes ahead (received before they were sent): a clock, not a clone"
        )
    else:
        span = (start, start + 1_200)
        life.disturbances.append(Disturbance("jumps", *span))
        note = "single jumps for twenty minutes"
    life.planted(post.rule, post.label, *span, note)


def gnss_outage(life: Life, post: Post, first_day: dt.date) -> None:
    """A span on duty without usable positions."""
    duty = duty_of(life, post)
    start = duty.start_s + (duty.end_s - duty.start_s) * 2 // 5
    driver = duty.driver_id
    if post.label == "near_miss":
        life.disturbances.append(Disturbance("silent_to_limit", start, start + 600))
        life.planted(
            post.rule, post.label, start, start + 600, "under ten minutes without positions", driver_id=driver
        )
        return
    if post.label == "look_alike":
        if post.variant % 3 == 1:
            return  # the tunnel: the scene did it
        span = (start, start + 1_500)
        life.disturbances.append(Disturbance("silent", *span))
        excuse(life, first_day, span, post.rule, APPROVER)
        note = "25 minutes without positions, excused and approved: found, status excused"
        life.planted(post.rule, post.label, *span, note, driver_id=driver)
        return
    kinds: tuple[tuple[Disturbance, str], ...] = (
        (Disturbance("silent", start, start + 1_500), "25 minutes on duty without positions"),
        (Disturbance("unfixed", start, start + 1_080), "18 minutes on duty without a fix"),
        (Disturbance("zero", start, start + 960), "16 minutes on duty at 0,0"),
        (
            Disturbance("silent", start, start + 2_400),
            "40 minutes, reported in time: the company's, no driver named",
        ),
        (Disturbance("silent", start, start + 1_320), "22 minutes, the excuse was not approved by anybody"),
    )
    which = post.variant % len(kinds)
    disturbance, note = kinds[which]
    life.disturbances.append(disturbance)
    span = (disturbance.start_s, disturbance.end_s)
    if which == 3:  # noqa: PLR2004 - the reported one
        driver = ""
        ticket(life, first_day, start + 1_200, repaired_s=span[1], device="gnss")
        life.device_status.append(
            {
                "vehicle_id": life.vehicle_id,
                "device": "gnss",
                "from": clock_text(first_day, span[0]),
                "to": clock_text(first_day, span[1]),
                "state": "down",
                "detail": "no antenna",
            }
        )
    if which == 4:  # noqa: PLR2004 - the one with the excuse
        excuse(life, first_day, span, post.rule, "")
    life.planted(post.rule, post.label, *span, note, driver_id=driver)


def late_data(life: Life, post: Post, first_day: dt.date) -> None:
    """Positions that reach the platform late, all of them or in batches."""
    whole = (life.duties[0].start_s, life.duties[-1].end_s)
    steady = post.label != "look_alike" and post.variant % 2 == 0
    if steady:
        mean = 95.0 if post.label == "clear" else 48.0
        life.disturbances.append(Disturbance("steady", life.awake[0][0] - 600, whole[1] + 600, amount=mean))
        life.planted(post.rule, post.label, *whole, f"every position about {mean + 3:.0f} s late")
        return
    first, second = life.duties[0], life.duties[1]
    moments = [first.start_s + 7_200, first.start_s + 18_000, second.start_s + 10_800]
    if post.label == "near_miss":
        moments = moments[:2]
    for moment in moments:
        life.disturbances.append(Disturbance("batch", moment, moment + 300, amount=4_200.0))
    note = f"{len(moments)} batches more than an hour late"
    if post.label == "look_alike":
        excuse(life, first_day, (moments[0] - 600, moments[-1] + 6_000), post.rule, APPROVER)
        note += ", excused and approved"
    life.planted(post.rule, post.label, *whole, note)

"""Nobody reminded the passengers of their belts."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="driving.no_belt_reminder",
    clause="五.2",
    title_zh="未提醒乘客系安全带",
    judges="cabins",
    law=("house.driving.reminder_s",),
    sources=("belt sensor", "meter"),
    needs=("trips", "events"),
    stage="trial",
)
def no_belt_reminder(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:
    """A trip began with neither a reminder nor belted passengers.

    Silence is what is found, and a silent sensor looks the same: it must have spoken within a day before and
    a day after. That the driver said it himself no device hears, so every finding is a lead.

    Why it matters: reminding the passengers of their belts is pledged (五.2).
    Evidence: the trip, the window around its begin in which nothing was heard.
    Cannot tell: a car that sent neither reminders nor belted passengers within a week; a sensor that was
        silent for a day before or after; a camera or terminal known to be down.
    Looks like it, but is not: a reminder before the meter ran; passengers who belted by themselves; a
        reminder at the very end of the window.
    """
    window = law["house.driving.reminder_s"]
    silent = ~trips["reminded"]
    missing = np.select(
        [~trips["has_reminder"], silent & trips["camera_down"], silent & ~trips["reminder_works"]],
        ["events.belt_reminder", "working camera", "working belt sensor"],
        "",
    )
    return Verdict(
        guilty=silent,
        measured=np.where(silent, 0.0, 1.0),
        allowed=np.ones(len(trips)),
        unit="count",
        cannot_tell=missing.astype(object),
        evidence={"held_s": window},
    )

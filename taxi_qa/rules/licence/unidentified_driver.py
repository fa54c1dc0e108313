"""Nobody signed in, or somebody else at the wheel."""

from collections.abc import Mapping

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers, rule
from taxi_qa.values.columns import Columns


@rule(
    name="licence.unidentified_driver",
    clause="一.1",
    title_zh="驾驶员身份不明",
    judges="trips",
    law=("house.licence.handover_s",),
    sources=("meter", "sign-in"),
    needs=("trips", "shifts"),
)
def unidentified_driver(trips: Columns, law: Mapping[str, Numbers]) -> Verdict:  # noqa: ARG001 - named for the finding
    """A metered trip was driven with nobody signed in, or by somebody else than who signed in.

    Why it matters: only the registered driver may drive the car; the laws are to be kept (一.1).
    Evidence: the trip, whether anybody was signed in, a mismatch the camera or card reader reported.
    Cannot tell: nobody in the fleet sends sign-ins around that day.
    Looks like it, but is not: the minutes of a handover; a trip record that names its driver.
    """
    mismatch = trips["mismatch"]
    nobody = ~trips["is_identified"] & ~trips["at_handover"]
    unknown = ~trips["is_identified"] & ~trips["has_sign_ins"]
    count = np.ones(len(trips))
    return Verdict(
        guilty=mismatch | nobody,
        measured=np.where(mismatch | nobody, count, 0.0),
        allowed=count * 0.0,
        unit="count",
        cannot_tell=np.where(unknown & ~mismatch, "shifts", "").astype(object),
        # A recogniser errs: a mismatch alone is a lead. And who drove is just what is not known.
        trial=mismatch & ~nobody,
        blameless=nobody | mismatch,
        sources=np.where(mismatch, "meter+camera", "meter+sign-in").astype(object),
        evidence={
            "kind": np.where(mismatch, "mismatch", "nobody signed in"),
            "metered_m": trips["metered_m"],
        },
    )

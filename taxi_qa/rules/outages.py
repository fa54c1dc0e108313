"""What cameras and meters have in common: an outage on duty, surely or perhaps longer than is tolerated."""

import numpy as np

from taxi_qa.findings.verdict import Verdict
from taxi_qa.rules.kit import Numbers
from taxi_qa.values.columns import Columns


def device_was_dark(outages: Columns, allowed: Numbers) -> Verdict:
    """The verdict on outages of a device; one that only its silence tells of is a lead.

    Args:
        outages: as `facts.device_outages` gives them.
        allowed: the tolerance of each row, in seconds.
    """
    dark = outages["dark_s"]
    told = np.array(outages["told_by"], dtype=object)
    unsure = (dark <= allowed) & (outages["dark_high_s"] > allowed)
    return Verdict(
        guilty=dark > allowed,
        measured=dark,
        allowed=allowed,
        unit="s",
        cannot_tell=np.select(
            [unsure, (dark > allowed) & outages["no_sign_out"]], ["device_status.to", "sign-out"], ""
        ).astype(object),
        trial=np.asarray(told == "silence", dtype=bool),
        blameless=outages["reported_in_time"],
        sources=np.array(
            [f"{by or 'status'}+{known}" for by, known in zip(told, outages["known_by"], strict=True)],
            dtype=object,
        ),
        evidence=outages.some("dark_s", "detected_ms", "reported_ms"),
    )

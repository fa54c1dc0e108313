"""How often a token may ask: the same for all processes of a server, without a row of the database.

A file a token holds one number: the moment at which its requests so far are paid off, each costing an even
share of a minute. A request is refused while that lies more than a minute ahead. Whoever is writing to the
database holds nobody up here, and a file that is lost only lets a token begin anew.
"""

import fcntl
import math
import os
import struct
from pathlib import Path
from typing import Final

FOLDER: Final = "api_pace"
_MIN_MS: Final = 60_000.0
_NUMBER: Final = struct.Struct("<d")


def wait_s(folder: Path, token_id: str, per_min: int, now_ms: int) -> int:
    """Count a request of a token.

    Args:
        folder: of these files; made where there is none.
        token_id: whose; letters and digits.
        per_min: requests a minute, and as many at once.
        now_ms: the present moment.

    Returns:
        0 where it may go on, else after how many whole seconds it may ask again; it is then not counted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / token_id, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        kept = os.pread(descriptor, _NUMBER.size, 0)
        paid_ms = _NUMBER.unpack(kept)[0] if len(kept) == _NUMBER.size else 0.0
        # More than a minute ahead no request leads: the clock was set back, and the token begins anew.
        begun_ms = float(now_ms) if paid_ms > now_ms + _MIN_MS else max(paid_ms, float(now_ms))
        next_ms = begun_ms + _MIN_MS / per_min
        over_ms = next_ms - now_ms - _MIN_MS
        if over_ms > 0:
            return math.ceil(over_ms / 1000)
        os.pwrite(descriptor, _NUMBER.pack(next_ms), 0)
    finally:
        os.close(descriptor)
    return 0

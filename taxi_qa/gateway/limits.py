"""How much a gateway lets itself be asked for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds of one gateway.

    Attributes:
        connections: open at once; more are closed as they come.
        pending_bytes: entries not durable yet; beyond it sockets are not read until half of it is.
        idle_s: a connection that said nothing for so long is closed.
        silent_s: the same for one that has sent no frame of a known terminal yet.
        frames_per_s: of one connection; a second's worth at once; beyond it the socket is not
            read until its time has passed.
        unknown_frames: of a terminal nobody knows; then its connection is closed.
        unknown_bytes: kept of such frames, in all.
        file_sockets: terminals that bring files at once.
        file_bytes: of all files they have begun; a file beyond it is not taken now.
        unread_bytes: answers a terminal did not read; beyond it its connection is not read, at eight times
            of it closed.
    """

    connections: int = 40_000
    pending_bytes: int = 8_000_000
    idle_s: float = 600.0
    silent_s: float = 60.0
    frames_per_s: int = 100
    unknown_frames: int = 20
    unknown_bytes: int = 10_000_000
    file_sockets: int = 1_000
    file_bytes: int = 256_000_000
    unread_bytes: int = 65_536

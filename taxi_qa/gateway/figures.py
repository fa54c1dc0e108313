"""What a gateway counts, as Prometheus reads it and as a line for people; no terminal is named."""

import time
from collections import Counter, deque
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

# Newest waits from a frame to its answer, for the percentiles of a line.
_WAITS: Final = 20_000


class Figures:
    """Counts of one gateway.

    Attributes:
        counts: frames, answers, faults by reason, connections by what became of them.
        connections: open now.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self.counts: Counter[str] = Counter()
        self.connections = 0
        self.pending_bytes = 0
        self._waits_s: deque[float] = deque(maxlen=_WAITS)
        self._began_s = time.monotonic()

    def waited(self, wait_s: float, many: int = 1) -> None:
        """So many frames were answered so long after they came."""
        self._waits_s.extend([wait_s] * min(many, _WAITS))

    def wait_s(self, share: float) -> float:
        """The wait that this share of the newest answers did not exceed; 0 where nothing was answered."""
        waits = sorted(self._waits_s)
        return waits[min(int(share * len(waits)), len(waits) - 1)] if waits else 0.0

    def line(self) -> str:
        """One line for people."""
        told, p99_ms = self.counts, self.wait_s(0.99) * 1000
        return (
            f"{self.connections:,} 个连接 connections; {told['frames']:,} 帧 frames, "
            f"{told['answers']:,} 已答 answered (p99 {p99_ms:.0f} ms); {told['broken']:,} 坏帧 broken, "
            f"{told['unknown']:,} 未知终端 of unknown terminals, {told['twice']:,} 重复在线 twice at once"
        )

    def prometheus(self) -> bytes:
        """All counts in the text format."""
        registry = CollectorRegistry()
        gauges = {
            "taxi_qa_gateway_connections": (self.connections, "open connections"),
            "taxi_qa_gateway_pending_bytes": (self.pending_bytes, "bytes not durable yet"),
            "taxi_qa_gateway_answer_p99_seconds": (self.wait_s(0.99), "from a frame to its answer"),
            "taxi_qa_gateway_up_seconds": (time.monotonic() - self._began_s, "since the start"),
        }
        for name, (value, about) in gauges.items():
            Gauge(name, about, registry=registry).set(value)
        happened = Gauge(
            "taxi_qa_gateway_total", "what happened since the start", ["what"], registry=registry
        )
        for what, many in sorted(self.counts.items()):
            happened.labels(what).set(many)
        return generate_latest(registry)

"""The tally: every count of the gateway, as facts of its heartbeat and as Prometheus metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

TOTALS = {
    "accepted": "sockets that were admitted",
    "delivered": "frames handed to sockets",
    "bytes": "bytes of these frames, headers included",
    "snapshots": "snapshots among them",
    "coalesced": "frames that a snapshot or newer heartbeat stood for because a client was slow",
    "dropped": "series let go because the engine gave them up",
    "merged": "values that a newer one replaced before anybody was sent them",
    "denied": "topics refused",
    "resyncs": "snapshots asked for by clients after a gap",
    "reloads": "worlds read anew after a break of their stream",
    "received": "frames from clients",
    "malformed": "frames from clients that were no request",
    "revoked": "sockets closed because their session had ended",
    "entries": "stream entries read",
    "values": "values read from them",
    "undecodable": "stream entries or hash fields that could not be read",
    "unplaced": "values of indicators that no scene has",
    "deeper": "values below what live screens show: of communities, of groups of a subdistrict",
    "valkey_losses": "times Valkey stopped answering",
}
REASONED = {"cut_off": "sockets cut off because they were too slow or sent too much", "refused": "sockets refused"}


@dataclass(slots=True)
class Tally:
    """Counts since the start of the process. `clients` is how many there are now, `peak` how many there ever were."""

    clients: int = 0
    peak: int = 0
    accepted: int = 0
    delivered: int = 0
    bytes: int = 0
    snapshots: int = 0
    coalesced: int = 0
    dropped: int = 0
    merged: int = 0
    denied: int = 0
    resyncs: int = 0
    reloads: int = 0
    received: int = 0
    malformed: int = 0
    revoked: int = 0
    entries: int = 0
    values: int = 0
    undecodable: int = 0
    unplaced: int = 0
    deeper: int = 0
    valkey_losses: int = 0
    cut_off: Counter[str] = field(default_factory=Counter)  # by reason
    refused: Counter[str] = field(default_factory=Counter)

    def facts(self) -> dict[str, object]:
        """Everything, for the heartbeat."""
        totals: dict[str, object] = {name: getattr(self, name) for name in TOTALS}
        return {"clients": self.clients, "peak": self.peak, **totals, "cut_off": dict(self.cut_off),
                "refused": dict(self.refused)}  # fmt: skip


class TallyCollector(Collector):
    """Shows a tally to Prometheus."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("ioc_gateway_clients", "open sockets", value=self._tally.clients)
        yield GaugeMetricFamily("ioc_gateway_clients_peak", "most open sockets at once", value=self._tally.peak)
        for name, meaning in TOTALS.items():
            yield CounterMetricFamily(f"ioc_gateway_{name}", meaning, value=getattr(self._tally, name))
        for name, meaning in REASONED.items():
            family = CounterMetricFamily(f"ioc_gateway_{name}", meaning, labels=["reason"])
            for reason, count in getattr(self._tally, name).items():
                family.add_metric([reason], count)
            yield family


def registry(tally: Tally) -> CollectorRegistry:
    """A registry with this tally only."""
    own = CollectorRegistry()
    own.register(TallyCollector(tally))
    return own

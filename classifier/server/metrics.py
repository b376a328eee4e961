"""What a server counts, in the format of Prometheus."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """The counters of one worker process; :meth:`render` adds up those of all workers."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter("headline_requests", "Requests", ["route", "status"], registry=registry)
        self.seconds = Histogram(
            "headline_request_seconds", "Seconds for a request", ["route"], buckets=_SECONDS, registry=registry
        )
        self.predictions = Counter("headline_predictions", "Predictions", ["section", "tier"], registry=registry)
        self.batches = Histogram("headline_batch_size", "Headlines in a batch", buckets=_SIZES, registry=registry)
        self.models = Counter("headline_models_served", "Models served since the start", registry=registry)
        self.ready = Gauge(
            "headline_ready", "Whether the server answers", registry=registry, multiprocess_mode="livemin"
        )

    def render(self) -> bytes:
        """Return the text that Prometheus scrapes."""
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
            return generate_latest(registry)
        return generate_latest(self._registry)

"""The labelling page: one headline at a time, one key a section."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict

from classifier.corpus.sections import SectionNames
from classifier.corpus.stream import HeadlineReader
from classifier.curation.corrections import UNDO, Corrections
from classifier.curation.queue import QueueItem
from classifier.errors import ClassifierError, DataError
from classifier.prediction.classifier import Classifier
from classifier.server.handlers import html_page, respond, with_errors_answered
from classifier.server.requests import RequestError, read_body
from classifier.server.settings import Settings

_LEASE = 600.0  #: seconds for which a headline that one page shows is not shown on another


class DecisionBody(BaseModel):
    """What a person decided about one headline."""

    model_config = ConfigDict(extra="forbid")
    page: str
    curator: str = ""
    headline: str
    action: str
    section: str = ""


@dataclass
class LabellingSession:
    """The queue, what is decided of it, and which page shows which headline."""

    classifier: Classifier
    items: Sequence[QueueItem]
    corrections: Corrections
    begun: float = field(default_factory=time.monotonic)
    decided: int = 0  #: here, since the start
    leases: dict[str, tuple[str, float]] = field(default_factory=dict)  #: by headline: page, until when

    def __post_init__(self) -> None:
        self._by_headline = {item.headline: item for item in self.items}
        self._lock = threading.Lock()  # requests are answered in threads

    def state(self, page: str) -> dict[str, Any]:
        """Return the next headline for a page, and how far the queue is.

        Args:
            page: an identifier of the open page; two pages are not shown the same headline.
        """
        with self._lock:
            return self._state(page)

    def _state(self, page: str, undone: str | None = None) -> dict[str, Any]:
        """Do what :meth:`state` does; a headline whose decision was taken back, ``undone``, is shown again."""
        standing = self.corrections.read()
        now = time.monotonic()
        open_items = [item for item in self.items if item.headline not in standing]
        free = [
            item
            for item in open_items
            if item.headline == undone or self.leases.get(item.headline, (page, 0.0))[0] == page
            or self.leases[item.headline][1] < now
        ]  # fmt: skip
        item = next((one for one in free if one.headline == undone), free[0] if free else None)
        if item is not None:
            self.leases = {headline: lease for headline, lease in self.leases.items() if lease[0] != page}
            self.leases[item.headline] = (page, now + _LEASE)
        seconds = (now - self.begun) / self.decided * len(open_items) if self.decided else None
        return {
            "sections": self.classifier.sections,
            "item": None if item is None else self._shown(item),
            "done": len(self.items) - len(open_items),
            "total": len(self.items),
            "seconds_left": seconds,
            "output": str(self.corrections.path),
        }

    def _shown(self, item: QueueItem) -> dict[str, Any]:
        words = self.classifier.explain(item.headline, top=12, section=item.suggested)
        return {
            "headline": item.headline,
            "suggested": item.suggested,
            "probability": item.probability,
            "rivals": item.rivals,
            "words": [{"span": c.span, "weight": round(c.weight, 3)} for c in words if c.span],
        }

    def decide(self, body: DecisionBody) -> dict[str, Any]:
        """Keep a decision and return the next state.

        Raises:
            RequestError: 422 if the headline is not in the queue or the section is not one of the model's.
        """
        item = self._by_headline.get(body.headline)
        if item is None:
            raise RequestError(422, f"headline: {body.headline[:80]!r} is not in the queue")
        if body.action == "label" and body.section not in self.classifier.sections:
            raise RequestError(422, f"section: {body.section!r} is none of {', '.join(self.classifier.sections)}")
        undo = body.action == UNDO
        with self._lock:
            self.corrections.decide(item, body.action, body.section, body.curator or None)
            self.decided = max(self.decided + (-1 if undo else 1), 0)
            return self._state(body.page, body.headline if undo else None)


def create_label_app(session: LabellingSession) -> FastAPI:
    """Return the application of the labelling page."""
    app = FastAPI(title="headline-classifier: labelling", docs_url=None, redoc_url=None)
    settings = Settings()

    @app.get("/")
    async def page() -> Response:
        return html_page("label.html")

    @app.get("/state")
    async def state(page: str) -> Response:
        return respond(await asyncio.to_thread(session.state, page))

    @app.post("/decide")
    @with_errors_answered
    async def decide(request: Request) -> Response:
        body = await read_body(request, DecisionBody, settings)
        return respond(await asyncio.to_thread(session.decide, body))

    return app


def run_labelling(session: LabellingSession, host: str, port: int) -> None:
    """Serve the page until Ctrl-C. Every decision is on the disk before the page shows the next headline.

    Raises:
        ClassifierError: the port cannot be listened on.
    """
    import uvicorn

    try:
        uvicorn.run(create_label_app(session), host=host, port=port, access_log=False, log_level="warning")
    except SystemExit as error:
        raise ClassifierError(f"{host}:{port}: cannot be listened on. Choose another --port.") from error


def open_session(table: str, output: Path, model: str | None, budget: int, *, errors: bool = False) -> LabellingSession:
    """Read a table, choose what to label, and take up the decisions that are in ``output``.

    Args:
        table: headlines, with or without sections.
        output: the table of labels, ``.tsv``.
        model: a folder or an address; None for the champion.
        budget: how many headlines at most.
        errors: whether likely label errors of the table come first.

    Raises:
        ClassifierError: the table or the model is not what it should be.
    """
    from classifier.curation.queue import labelling_queue

    classifier = Classifier.load(model)
    suspects = _likely_errors(table, classifier, budget // 2) if errors else []
    taken = {item.headline for item in suspects}
    rest = [headline for headline in _headlines(table) if headline not in taken]
    items = suspects + labelling_queue(classifier, rest, budget - len(suspects))
    return LabellingSession(classifier, items, Corrections(output, model=classifier.about()["fingerprint"]))


def _headlines(table: str) -> list[str]:
    """Return the different headlines of a table or a text, in order; rows that cannot be read are left out."""
    found: dict[str, None] = {}
    reader = HeadlineReader(table, sys.stdin.buffer)
    try:
        for chunk in reader:
            found |= dict.fromkeys(" ".join(chunk.headlines[i].split()) for i in chunk.good)
    finally:
        reader.close()
    found.pop("", None)
    if not found:
        raise DataError(f"{table}: there is no headline to label.")
    return list(found)


def _likely_errors(table: str, classifier: Classifier, most: int) -> list[QueueItem]:
    """Return the headlines of a labelled table that an audit would have reviewed, the least credible label first."""
    from classifier.corpus.datasets import load_corpus
    from classifier.curation.audit import audit

    doubts = audit(load_corpus(table, names=SectionNames(known=classifier.sections)), table).to_review
    found: dict[str, QueueItem] = {}  # a headline that several rows repeat is labelled once
    for i in doubts:
        if i.suggested in classifier.sections:
            rival = (i.section, i.probability)
            found.setdefault(i.headline, QueueItem(i.headline, i.suggested, i.probability_suggested, (rival,)))
    return list(found.values())[:most]

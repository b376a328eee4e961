"""The handlers of the routes: check the body, call the model, build the response."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import cache, wraps
from importlib.resources import files
from typing import Any, NamedTuple

from fastapi import Request, Response
from fastapi.responses import HTMLResponse

from classifier.errors import ClassifierError
from classifier.model.explanation import Explanation
from classifier.prediction.answers import Prediction
from classifier.prediction.classifier import Classifier
from classifier.server.batching import Batcher
from classifier.server.metrics import Metrics
from classifier.server.requests import (
    ArticleBody,
    ExplainBody,
    PredictBody,
    RequestError,
    check_headlines,
    read_body,
    read_raw,
)  # fmt: skip
from classifier.server.security import check_signature, check_token
from classifier.server.served import ModelHolder, ServedModel
from classifier.server.settings import Settings

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

#: The Content-Security-Policy of a page: it loads nothing from other servers and runs no code of theirs.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:"


class _Key(NamedTuple):
    """What requests of one batch have in common."""

    served: ServedModel
    tier: str | None
    min_precision: float | None
    coverage: float | None


def _compute(key: _Key, headlines: Sequence[str]) -> list[Prediction]:
    classifier = key.served.classifiers[key.tier] if key.tier else key.served.default
    if key.min_precision is not None or key.coverage is not None:
        classifier = Classifier(classifier.model, classifier.tier, key.min_precision, key.coverage)
    return classifier.predict(headlines)


def _explain(clf: Classifier, body: ExplainBody) -> tuple[Prediction, Explanation]:
    return clf.predict([body.headline])[0], clf.explain(body.headline, top=body.top, section=body.section)


def respond(content: Any, status: int = 200) -> Response:
    """Return a response that holds ``content`` as JSON."""
    return Response(json.dumps(content, ensure_ascii=False), status, media_type="application/json")


@cache
def html_page(name: str) -> HTMLResponse:
    """Return one of the package's pages, with the style and the script that all pages share in it."""
    folder = files("classifier.server")
    text = folder.joinpath(name).read_text(encoding="utf-8")
    for shared in ("common.css", "common.js"):
        text = text.replace(f"/* {shared} */\n", folder.joinpath(shared).read_text(encoding="utf-8"))
    return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY})


def with_errors_answered(handler: Handler) -> Handler:
    """Return the handler with its errors turned into messages for the client."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RequestError as error:
            return respond({"error": error.message}, error.status)
        except ClassifierError as error:
            return respond({"error": str(error)}, 422)

    return answer


class Handlers:
    """The routes over one model."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.metrics = settings, Metrics()
        self.holder = ModelHolder(settings)
        self.batcher = Batcher(_compute, observe=self.metrics.batches.observe)
        self.metrics.models.inc()

    async def predict(self, request: Request) -> Response:
        """Return a prediction for each headline, in order, and the model that made them."""
        body = await read_body(request, PredictBody, self.settings)
        check_headlines(body.headlines, self.settings)
        served = self.holder.served
        if body.tier is not None and body.tier not in served.classifiers:
            raise RequestError(422, f"tier: {body.tier!r} is none of {', '.join(served.classifiers)}")
        key = _Key(served, body.tier, body.min_precision, body.coverage)
        found = await self.batcher.submit(key, body.headlines)
        self._count(found)
        rows = [p.to_dict() for p in found]
        if body.top is not None:
            for row in rows:
                row["probabilities"] = dict(list(row["probabilities"].items())[: body.top])
        return respond({"predictions": rows, "model": served.about})

    async def explain(self, request: Request) -> Response:
        """Return what each word adds to the score of a section; the weights sum to the score."""
        body = await read_body(request, ExplainBody, self.settings)
        check_headlines([body.headline], self.settings)
        served = self.holder.served
        clf = served.default
        if body.section is not None and body.section not in clf.sections:
            raise RequestError(422, f"section: {body.section!r} is none of {', '.join(clf.sections)}")
        prediction, words = await asyncio.to_thread(_explain, clf, body)
        self._count([prediction])
        contributions = [{"text": c.text, "span": c.span, "weight": round(c.weight, 4)} for c in words]
        explained = {"explained": words.section, "contributions": contributions, "model": served.about}
        return respond(prediction.to_dict() | explained)

    async def article(self, request: Request) -> Response:
        """Return the prediction for an article, by its title and the sentences of its body.

        How long they are is bounded by the size of the request alone.
        """
        body = await read_body(request, ArticleBody, self.settings)
        served = self.holder.served
        found = await asyncio.to_thread(served.default.predict_article, body.title, body.body)
        self._count([found])
        return respond({"prediction": found.to_dict(), "model": served.about})

    async def health(self, request: Request) -> Response:
        """Return `ok` while the process is up."""
        return respond({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Return the model that answers, and why a newer one was not taken if that happened."""
        return respond({"status": "ready", "model": self.holder.served.about, "not_taken": self.holder.failure})

    async def version(self, request: Request) -> Response:
        """Return the package's version, the model, its sections and its tiers."""
        from classifier import __version__

        served = self.holder.served
        return respond(
            {
                "package": __version__,
                "model": served.about,
                "sections": served.default.sections,
                "tiers": list(served.classifiers),
            }
        )

    async def show_metrics(self, request: Request) -> Response:
        """Return the counters as Prometheus reads them."""
        return Response(self.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def reload(self, request: Request) -> Response:
        """Load the model again. The header `Authorization: Bearer TOKEN` must hold $HEADLINE_TOKEN."""
        check_token(request)
        return await self._take_new_model()

    async def webhook(self, request: Request) -> Response:
        """Accept MLflow's registry webhook, signed with $HEADLINE_WEBHOOK_SECRET, and load the model again."""
        body = await read_raw(request, self.settings)
        check_signature(request, body)
        try:
            entity = json.loads(body).get("entity")
        except (ValueError, AttributeError) as error:
            raise RequestError(422, "the body is no JSON object, as an event of MLflow's registry is") from error
        if entity != "model_version_alias":
            return respond({"changed": False, "ignored": entity})
        return await self._take_new_model()

    async def page(self, request: Request) -> Response:
        """Return the page for people."""
        return html_page("page.html")

    def _count(self, predictions: Iterable[Prediction]) -> None:
        """Count predictions, and log their headlines if the server is set to."""
        for prediction in predictions:
            self.metrics.predictions.labels(prediction.section or "", prediction.tier).inc()
            if self.settings.log_headlines:
                logger.info("%s\t%s", prediction.section, prediction.headline)

    async def _take_new_model(self) -> Response:
        changed = await asyncio.to_thread(self._reload)
        failure = self.holder.failure
        content = {"changed": changed, "not_taken": failure, "model": self.holder.served.about}
        return respond(content, 200 if failure is None else 503)

    def _reload(self) -> bool:
        changed = self.holder.reload()
        if changed:
            self.metrics.models.inc()
        return changed

    async def watch(self) -> None:
        """Look at the model's folder from time to time and serve what has replaced it."""
        if not self.settings.watch_seconds:
            return
        while True:
            await asyncio.sleep(self.settings.watch_seconds)
            if self.holder.replaced():
                await asyncio.to_thread(self._reload)

"""The application: which route leads to which handler."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import wraps

from fastapi import FastAPI, Request, Response

from classifier.server.handlers import Handler, Handlers, with_errors_answered
from classifier.server.metrics import Metrics
from classifier.server.requests import ArticleBody, ExplainBody, PredictBody, schema
from classifier.server.settings import Settings


def from_environment() -> FastAPI:
    """Return the application of a worker process."""
    return create_app(Settings.from_environment())


def create_app(settings: Settings) -> FastAPI:
    """Return the application.

    Raises:
        ClassifierError: there is no model to serve.
    """
    handlers = Handlers(settings)
    metrics = handlers.metrics

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watcher = asyncio.create_task(handlers.watch())
        metrics.ready.set(1)
        yield
        metrics.ready.set(0)
        watcher.cancel()
        handlers.batcher.close()

    app = FastAPI(
        title="headline-classifier",
        description="Which section does a Korean news headline belong to? 한국어 뉴스 제목의 섹션을 알려 줍니다.",
        lifespan=lifespan,
        docs_url=None,  # its page loads scripts from elsewhere; /openapi.json describes every route
        redoc_url=None,
    )
    for path, method, handler, body in (
        ("/predict", "POST", handlers.predict, PredictBody),
        ("/explain", "POST", handlers.explain, ExplainBody),
        ("/article", "POST", handlers.article, ArticleBody),
        ("/health", "GET", handlers.health, None),
        ("/ready", "GET", handlers.ready, None),
        ("/version", "GET", handlers.version, None),
        ("/metrics", "GET", handlers.show_metrics, None),
        ("/reload", "POST", handlers.reload, None),
        ("/webhook", "POST", handlers.webhook, None),
        ("/", "GET", handlers.page, None),
    ):
        app.add_api_route(
            path,
            _counted(path, with_errors_answered(handler), metrics),
            methods=[method],
            response_class=Response,
            name=handler.__name__,
            openapi_extra=schema(body) if body is not None else None,
        )
    return app


def _counted(path: str, handler: Handler, metrics: Metrics) -> Handler:
    """Return the handler with its requests counted and timed."""
    seconds, requests = metrics.seconds.labels(path), metrics.requests

    @wraps(handler)
    async def counted(request: Request) -> Response:
        begin = time.perf_counter()
        response = await handler(request)
        seconds.observe(time.perf_counter() - begin)
        requests.labels(path, str(response.status_code)).inc()
        return response

    return counted

"""The bodies of requests, strictly checked, and the errors that a client gets."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from classifier.server.settings import Settings

_Text = Annotated[str, StringConstraints(strict=True)]
Probability = Annotated[float, Field(gt=0, lt=1)]


class RequestError(Exception):
    """A request that cannot be answered: an HTTP status and a message for the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PredictBody(_Body):
    """Headlines to classify."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"headlines": ["한은, 기준금리 동결"], "top": 2}]},
    )
    headlines: list[_Text] = Field(min_length=1, description="One or more headlines.")
    top: int | None = Field(None, ge=1, description="How many sections to name with their probability; all by default.")
    tier: str | None = Field(None, description="fast, accurate or cascade; the server's own by default.")
    min_precision: Probability | None = Field(None, description="Abstain where this precision is not promised.")
    coverage: Probability | None = Field(
        None, description="Name the sections that hold the truth with this probability."
    )


class ExplainBody(_Body):
    """A headline to explain."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"headline": "한은, 기준금리 동결…“물가 더 지켜봐야”", "top": 5}]},
    )
    headline: _Text
    section: str | None = Field(None, description="The section to explain; the predicted one by default.")
    top: int = Field(10, ge=1, le=100, description="How many words to name.")


class ArticleBody(_Body):
    """An article to classify."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"title": "결국 칼 빼 들었다", "body": "한국은행이 기준금리를 올렸다. 물가가 더 오를 것으로 봤다."}
            ]
        },
    )
    title: _Text
    body: _Text


Body = TypeVar("Body", bound=BaseModel)


async def read_raw(request: Request, settings: Settings) -> bytes:
    """Read a request's body.

    Raises:
        RequestError: 413 if it is too large.
    """
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > settings.max_body:
            raise RequestError(413, f"the body has more than {settings.max_body:,} bytes; send fewer headlines at once")
    return bytes(raw)


async def read_body(request: Request, model: type[Body], settings: Settings) -> Body:
    """Read and check a request's body.

    Raises:
        RequestError: 413 if it is too large, 422 if it is not what ``model`` describes.
    """
    raw = await read_raw(request, settings)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}" for problem in error.errors()[:5]
        )
        raise RequestError(422, problems) from None


def check_headlines(headlines: list[str], settings: Settings) -> None:
    """Raise a RequestError (413) if there are too many headlines or one is too long."""
    if len(headlines) > settings.max_headlines:
        raise RequestError(
            413, f"{len(headlines):,} headlines in one request; at most {settings.max_headlines:,} are answered"
        )
    for i, headline in enumerate(headlines):
        if len(headline) > settings.max_length:
            raise RequestError(
                413,
                f"headlines.{i} has {len(headline):,} characters; at most {settings.max_length:,} are read. "
                "POST an article to /article",
            )


def schema(model: type[_Body]) -> dict[str, Any]:
    """Return the OpenAPI description of a body that is read by hand."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}

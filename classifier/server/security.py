"""Who may change what the server does: a token of its own, and MLflow's signed webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import time

from fastapi import Request

from classifier.server.requests import RequestError

#: The environment's variables that allow a change of state; without them nothing can be changed.
TOKEN_VARIABLE = "HEADLINE_TOKEN"  # noqa: S105 - a name, not a token
WEBHOOK_VARIABLE = "HEADLINE_WEBHOOK_SECRET"

_OLDEST = 300  #: seconds after which a delivery is refused as a replay


def _secret(variable: str) -> bytes:
    secret = os.environ.get(variable, "")
    if not secret:
        raise RequestError(403, f"the server was started without ${variable}, so this is refused")
    return secret.encode()


def check_token(request: Request) -> None:
    """Raise a RequestError unless the header ``Authorization: Bearer TOKEN`` holds ``$HEADLINE_TOKEN``."""
    secret = _secret(TOKEN_VARIABLE)
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), secret):
        raise RequestError(401, "the header `Authorization: Bearer TOKEN` is missing or wrong")


def check_signature(request: Request, body: bytes) -> None:
    """Check the signature of MLflow's webhook: HMAC-SHA256 over delivery, time and body, by the shared secret.

    Raises:
        RequestError: 403 without a secret, 401 if the signature is wrong or the delivery is too old.
    """
    secret = _secret(WEBHOOK_VARIABLE)
    stamp = request.headers.get("x-mlflow-timestamp", "")
    signed = f"{request.headers.get('x-mlflow-delivery-id', '')}.{stamp}.".encode() + body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest())
    given = request.headers.get("x-mlflow-signature", "").removeprefix("v1,").encode()
    fresh = stamp.isdecimal() and abs(time.time() - int(stamp)) <= _OLDEST
    if not (hmac.compare_digest(given, expected) and fresh):
        raise RequestError(401, "the webhook's signature is wrong, or the delivery is older than five minutes")

"""What gunicorn serves in a test: the model in ``$MODEL`` has answered before the workers are forked."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from classifier import Classifier

HEADLINES = ["오늘의 소식 모음", "국회, 예산안 처리"]

if "MODEL" in os.environ:  # not where doctests are collected
    clf = Classifier.load(os.environ["MODEL"], "accurate")
    FIRST = [prediction.section for prediction in clf.predict(HEADLINES)]


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with what was predicted before the fork, what is predicted after it, and the process."""
    now = [prediction.section for prediction in clf.predict(HEADLINES)]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([FIRST, now, os.getpid()]).encode()]

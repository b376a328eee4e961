"""Start the server."""

from __future__ import annotations

import os
import tempfile

from classifier.errors import ClassifierError
from classifier.prediction.classifier import Classifier
from classifier.server.settings import Settings


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve until SIGTERM or Ctrl-C; open requests are answered first.

    Workers are processes. They map the same files of the model into memory, so its weights are held once.

    Raises:
        ClassifierError: there is no model, or the port cannot be listened on.
    """
    import uvicorn

    Classifier.load(settings.model, settings.tier)  # a missing model is one message, not one a worker
    settings.to_environment()
    with tempfile.TemporaryDirectory(prefix="headline-metrics-") as folder:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        try:
            uvicorn.run(
                "classifier.server.app:from_environment", factory=True, workers=workers, host=host, port=port,
                log_level="info", access_log=False, timeout_graceful_shutdown=30,
            )  # fmt: skip
        except SystemExit as error:
            raise ClassifierError(f"{host}:{port}: cannot be listened on. Choose another --port.") from error

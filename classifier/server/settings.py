"""The settings of a server, which its worker processes read from the environment."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass

_VARIABLE = "HEADLINE_SERVE_SETTINGS"


@dataclass(frozen=True)
class Settings:
    """How a server answers.

    Attributes:
        model: a folder or an MLflow address; None for the champion's folder.
        tier: the tier that answers unless a request names one; None for the model's default.
        max_body: bytes of a request's body.
        max_headlines: headlines in a request.
        max_length: characters of a headline.
        watch_seconds: how often the model's folder is looked at; 0 does not watch.
        log_headlines: whether headlines and their sections are logged.
    """

    model: str | None = None
    tier: str | None = None
    max_body: int = 2_000_000
    max_headlines: int = 1_000
    max_length: int = 1_000
    watch_seconds: float = 1.0
    log_headlines: bool = False

    def to_environment(self) -> None:
        """Leave the settings to worker processes."""
        os.environ[_VARIABLE] = json.dumps(asdict(self))

    @classmethod
    def from_environment(cls) -> Settings:
        """Return the settings that the starting process left."""
        return cls(**json.loads(os.environ.get(_VARIABLE, "{}")))

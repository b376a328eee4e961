"""From a config to a champion: search, evaluation, tracking, registry."""

from classifier.extras import need

need("train", "training")

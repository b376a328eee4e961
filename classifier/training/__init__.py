"""From a config to a champion: search, evaluation, tracking, registry."""

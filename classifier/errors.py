"""What can go wrong, in few classes: every error a user can mend is a :class:`ClassifierError`."""

from __future__ import annotations


class ClassifierError(Exception):
    """Base of all errors whose message tells the user what was found, where, and what to do."""


class DataError(ClassifierError):
    """A table, a dataset or a headline is not what it should be."""


class ConfigError(ClassifierError):
    """An experiment's TOML file is wrong."""


class ModelError(ClassifierError):
    """A model folder is missing, damaged or does not fit this installation."""


class InstallationError(ClassifierError):
    """An optional part of the package is not installed."""


class ClusterError(ClassifierError):
    """A scheduler or a worker of a cluster is not there, or not as it should be."""


class TrackingError(ClassifierError):
    """The MLflow store or registry did not do what was asked."""

"""What has to be the same on two machines for the same answers, beside the model: this package and Kiwi."""

from __future__ import annotations

from classifier.errors import ModelError
from classifier.text.morphemes import compatible_kiwi, kiwi_versions


def versions_for(tier: str) -> tuple[str, str]:
    """Return the versions of this package and of Kiwi, "" for a tier without it."""
    from classifier import __version__

    return __version__, "" if tier == "fast" else kiwi_versions()


def check_versions(package: str, kiwi: str) -> None:
    """Raise a ModelError unless this process has the versions that :func:`versions_for` returned in another."""
    here, kiwi_here = versions_for("" if kiwi else "fast")
    if package != here or (kiwi and not compatible_kiwi(kiwi)):
        raise ModelError(
            f"The classifier was pickled with headline-classifier {package} ({kiwi or 'without Kiwi'}), and this "
            f"process has {here} ({kiwi_here or 'without Kiwi'}). Install the same versions on every machine."
        )

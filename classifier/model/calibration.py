"""From a scorer's logits to calibrated ones: divided by a power of their Euclidean norm, with a bias per section.

A linear text model grows more confident with every n-gram that has a weight, faster than more accurate. Guo et al.
2017, "On Calibration of Modern Neural Networks", section 4.2, divide all logits by one number, the temperature; here it
grows with the norm of the logits. Without biases the likeliest section stays the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TINY = 1e-6


@dataclass(frozen=True)
class Calibration:
    """Calibrated logits are ``scale * length ** -power * logits + bias``; the default changes nothing.

    ``length`` is the Euclidean norm of the logits. ``longest`` bounds the norm of the product, so that no probability
    comes too near to 1.
    """

    scale: float = 1.0
    power: float = 0.0  #: from 0 (a plain temperature) to below 1
    bias: tuple[float, ...] = ()  #: one per section; empty for none
    longest: float = 0.0  #: 0 for no limit

    def __post_init__(self) -> None:
        values = (self.scale, self.longest, *self.bias)
        if not (self.scale > 0 and 0 <= self.power < 1 and self.longest >= 0 and all(map(math.isfinite, values))):
            raise ValueError(f"no calibration: {self}")

    def apply(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the calibrated logits of ``logits`` (n, n_sections)."""
        if self.power or self.longest:
            length = np.maximum(np.sqrt(np.einsum("ij,ij->i", logits, logits)), np.float32(_TINY))
            factor = np.float32(self.scale) * length ** np.float32(-self.power)
            if self.longest:
                np.minimum(factor, np.float32(self.longest) / length, out=factor)
            logits = logits * factor[:, None]
        elif self.scale != 1:
            logits = logits * np.float32(self.scale)
        return logits + np.array(self.bias, np.float32) if self.bias else logits

    def apply_one(self, logits: list[float]) -> list[float]:
        """Do what :meth:`apply` does for one headline, in plain numbers."""
        if self.power or self.longest or self.scale != 1:
            length = math.hypot(*logits) or _TINY
            factor = self.scale * length**-self.power
            if factor * length > self.longest > 0:
                factor = self.longest / length
            logits = [factor * logit for logit in logits]
        return [logit + bias for logit, bias in zip(logits, self.bias, strict=True)] if self.bias else logits

    def then(self, scale: float, bias: Sequence[float]) -> Calibration:
        """Return this calibration with its logits multiplied by ``scale`` and ``bias`` (n_sections,) added."""
        own = [scale * value for value in self.bias] or [0.0] * len(bias)
        added = [value + more for value, more in zip(own, bias, strict=True)]
        mean = sum(added) / max(len(added), 1)
        return Calibration(self.scale * scale, self.power, tuple(value - mean for value in added), self.longest * scale)

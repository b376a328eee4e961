"""How the speed benchmarks measure: two things in turn, round after round, and the median of their ratios.

The machine may be shared and its speed may drift; what is measured in the same minute drifts together.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def seconds(call: Callable[[], Any]) -> float:
    """Return how long a call takes, by the clock on the wall."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def in_turn(calls: Sequence[Callable[[], Any]], rounds: int) -> list[list[float]]:
    """Return the seconds of each call, a list a call, called in turn after one round that does not count."""
    for call in calls:
        call()
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for found, call in zip(taken, calls, strict=True):
            found.append(seconds(call))
    return taken


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of ``theirs / ours``, pair by pair: how many times as fast ours is."""
    return statistics.median(their / our for our, their in zip(ours, theirs, strict=True))


def each(call: Callable[[str], Any], headlines: Sequence[str]) -> np.ndarray:
    """Return the seconds that each headline takes by itself, warm, (n_headlines,)."""
    for headline in headlines[:50]:
        call(headline)
    return np.array([seconds(lambda headline=headline: call(headline)) for headline in headlines])


def process(code: str, folder: str) -> tuple[float, float]:
    """Return the seconds of a whole Python process that runs ``code`` in ``folder``, and its peak memory in MB."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    tell = "print(open('/proc/self/status', encoding='utf-8').read())"
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{tell}"], cwd=folder, env=environment, stdout=subprocess.PIPE, check=True
    )
    taken = time.perf_counter() - begin
    peak = peak_memory(done.stdout.decode())
    if peak is None:
        raise RuntimeError("this system does not tell a process's peak memory in /proc/self/status")
    return taken, peak


def peak_memory(status: str) -> float | None:
    """Return a process's peak memory in MB, read off its ``/proc/…/status``.

    Not the peak that wait4 tells: that one begins with what the parent had when it forked.
    """
    peak = re.search(r"VmHWM:\s*(\d+)", status)
    return int(peak[1]) / 1024 if peak else None

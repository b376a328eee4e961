"""Requests that arrive together are answered by one call of the model."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

#: A list this short is computed on the event loop: handing it to a thread takes longer than the model does.
_INLINE = 4

#: Most headlines of a batch; only a single request may have more.
_LARGEST = 512


class Batcher:
    """Collects requests while the model is busy and answers them together.

    Nothing waits on a timer: a request that finds the model idle is answered at once. While one batch is computed in a
    thread, the requests that arrive form the next.

    Args:
        compute: called with the key of a batch and its headlines; returns one result for each.
        observe: called with the number of headlines of each batch.
    """

    def __init__(self, compute: Callable[[Any, Sequence[str]], list[Any]], observe: Callable[[int], object]) -> None:
        self._compute, self._observe = compute, observe
        self._waiting: deque[tuple[object, Sequence[str], asyncio.Future[list[Any]]]] = deque()
        self._executor = ThreadPoolExecutor(1, "model")
        self._worker: asyncio.Task[None] | None = None

    async def submit(self, key: object, headlines: Sequence[str]) -> list[Any]:
        """Return the results for some headlines. Only requests with an equal ``key`` share a batch."""
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, headlines, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await future

    def close(self) -> None:
        """End the thread once it is idle."""
        self._executor.shutdown(wait=False)

    def _next(self) -> tuple[object, list[tuple[Sequence[str], asyncio.Future[list[Any]]]]]:
        """Take the oldest request and those after it with the same key, up to the largest batch."""
        key, headlines, future = self._waiting.popleft()
        batch, size = [(headlines, future)], len(headlines)
        others = []
        while self._waiting and size < _LARGEST:
            other, headlines, future = self._waiting.popleft()
            if other == key:
                batch.append((headlines, future))
                size += len(headlines)
            else:
                others.append((other, headlines, future))
        self._waiting.extendleft(reversed(others))
        return key, batch

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            key, batch = self._next()
            texts = [headline for headlines, _ in batch for headline in headlines]
            self._observe(len(texts))
            try:
                if len(texts) <= _INLINE:
                    results = self._compute(key, texts)
                else:
                    results = await loop.run_in_executor(self._executor, self._compute, key, texts)
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            start = 0
            for headlines, future in batch:
                if not future.done():  # a client that has left cancels its future
                    future.set_result(results[start : start + len(headlines)])
                start += len(headlines)
            await asyncio.sleep(0)  # let requests that have arrived meanwhile join the next batch

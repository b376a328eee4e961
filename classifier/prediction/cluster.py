"""A Dask cluster that is there already: reached within seconds, and refused if it would answer otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from classifier.errors import ClusterError
from classifier.extras import need
from classifier.prediction.versions import check_versions, versions_for

if TYPE_CHECKING:
    from distributed import Client

_SECONDS = 15  #: to reach the scheduler, and to find a worker


@contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    """Yield a client of the scheduler at an address such as ``tcp://10.0.0.5:8786``.

    Raises:
        ClusterError: nobody answers there, it has no worker, or the scheduler or a worker has other versions than this
            process.
    """
    need("dask", "--scheduler")
    from distributed import CancelledError, Client, KilledWorker
    from distributed.comm import CommClosedError

    try:
        client = Client(scheduler, timeout=_SECONDS)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"{scheduler}: no Dask scheduler answers ({error}). Start one with `dask scheduler`, or mend the address: "
            "tcp://HOST:8786."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_SECONDS)
        except TimeoutError:
            raise ClusterError(f"{scheduler}: has no worker. Start one with `dask worker {scheduler}`.") from None
        _check(client)
        try:
            yield client
        except (CancelledError, CommClosedError, KilledWorker) as error:
            raise ClusterError(
                f"{scheduler}: its scheduler or its workers went away, or had too little memory ({error}). Finished "
                "work is kept: start them again, then run the same command, --resume with predict."
            ) from error


@contextmanager
def joblib_on(scheduler: str | None) -> Iterator[None]:
    """Let joblib's parallel work of the block run on a Dask cluster; None: on this machine."""
    if scheduler is None:
        yield
        return
    from joblib import parallel_config

    with connected(scheduler), parallel_config("dask"):
        yield


def _check(client: Client) -> None:
    """Let the workers, and the scheduler, which reads the tasks too, compare their versions with those of here."""
    versions = versions_for("")
    found: dict[str, Any] = client.run(check_versions, *versions, on_error="return")
    try:
        client.run_on_scheduler(check_versions, *versions)
    except Exception as error:
        found["the scheduler"] = error
    if wrong := [f"{where}: {error}" for where, error in found.items() if error is not None]:
        raise ClusterError(
            f"{len(wrong)} of {len(found)} machines of the cluster cannot be used. Start them with the same "
            f"environment as this one. The first is {wrong[0]}"
        )

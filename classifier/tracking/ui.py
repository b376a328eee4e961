"""The MLflow UI on the project's store, as a child process that ends with us."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys

from classifier.errors import TrackingError
from classifier.paths import store_address
from classifier.tracking.leaderboard import VIEW_TAG, leaderboard_address
from classifier.tracking.store import connect

logger = logging.getLogger(__name__)


def free_port(host: str, wanted: int, tries: int = 50) -> int:
    """Return ``wanted`` or the next port that nothing listens on.

    Raises:
        TrackingError: none of ``tries`` ports is free, or ``host`` is no address of this machine.
    """
    for port in range(wanted, wanted + tries):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                last = error
                continue
            return port
    raise TrackingError(f"No free port on {host} from {wanted} to {wanted + tries - 1} ({last.strerror}); use --port.")


def serve_ui(host: str, port: int) -> int:
    """Serve the UI until Ctrl-C and return its exit status.

    With ``MLFLOW_TRACKING_URI`` naming a server there is nothing to serve; its address is printed.
    """
    address = store_address()
    if address.startswith(("http://", "https://")):
        logger.info("The store is served at %s", address)
        return 0
    client = connect()  # creates or upgrades the database before several workers try to
    port = free_port(host, port)
    command = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", address,
        "--host", host, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning",
    ]  # fmt: skip
    server_address = f"http://{host}:{port}"
    logger.info("MLflow UI: %s (Ctrl-C stops it)", server_address)
    for experiment in client.search_experiments():
        if VIEW_TAG in experiment.tags:
            link = leaderboard_address(server_address, experiment.experiment_id)
            logger.info("  %s: %s", experiment.name, link)
    # Without the workers for MLflow's own background jobs, which this project has no use for.
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    server = subprocess.Popen(command, env=environment, start_new_session=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` ends the server as Ctrl-C does
    try:
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()

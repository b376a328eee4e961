"""A temporary PostgreSQL on loopback, from Debian's package."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers import unused_port


@contextmanager
def postgres() -> Iterator[str]:
    """Run an empty PostgreSQL under a user who is not root; yield its address for SQLAlchemy."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("PostgreSQL is not installed; `make services` installs it")
    initdb = programs[-1]
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    folder, port = Path(tempfile.mkdtemp(prefix="postgres-")), unused_port()
    if os.geteuid() == 0:
        os.chown(folder, user.pw_uid, user.pw_gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(initdb.with_name(program)), "--pgdata", str(folder / "data"), *arguments], cwd=folder, timeout=90,
            check=True, stdout=subprocess.DEVNULL, user=user.pw_uid, group=user.pw_gid,
        )  # fmt: skip

    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    try:
        run("initdb", "--auth", "trust", "--username", "store", "--encoding", "UTF8", "--locale", "C.UTF-8")
        run("pg_ctl", "--wait", "--log", str(folder / "log"), "--options", options, "start")
        try:
            yield f"postgresql+psycopg://store@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "--mode", "immediate", "stop")
    finally:
        shutil.rmtree(folder)

"""Serves the application until Ctrl-C or SIGTERM: granian in this process, the worker beside it.

The embedded server's first start prints a one-time owner key; it is not kept anywhere in clear.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import structlog
import typer
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from everyshelf.base.server import PORT_TAKEN
from everyshelf.base.tx import Database
from everyshelf.edge import keys
from everyshelf.edge.web.app import build
from everyshelf.edge.worker import Worker


def serve(
    url: str,
    host: str = "127.0.0.1",
    port: int = 8080,
    *,
    worker: bool = True,
    public_demo: bool = False,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serves on host and port until it is told to stop; then ends the worker and the pool.

    `ready` is called once the server has begun. `public_demo` opens the read-only demo page.
    """
    _check_free(host, port)
    _log_as_json()
    with Database(url) as db:
        _tell_first_key(db)
        app = build(db, public_demo=public_demo)
        with _working(Database(url, size=4) if worker else None):
            asyncio.run(_serve(app, host, port, ready))


def _check_free(host: str, port: int) -> None:
    """Says that a port is taken before anything is started."""
    try:
        with socket.create_server((host, port), reuse_port=False):
            pass
    except OSError as error:
        raise PORT_TAKEN(f"{host}:{port} cannot be served on: {error.strerror}") from None


def _log_as_json() -> None:
    """One line of JSON an event, on stderr; a traceback never shows the values of variables."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _tell_first_key(db: Database) -> None:
    secret = db.run(keys.first_owner, actor="first start")
    if secret is not None:
        typer.echo(f"owner key (shown once, keep it safe): {secret}", err=True)


@contextlib.contextmanager
def _working(db: Database | None) -> Iterator[None]:
    """The worker in a thread of its own, with connections of its own."""
    if db is None:
        yield
        return
    with db:
        running = Worker(db).start()
        try:
            yield
        finally:
            running.stop()


async def _serve(app: Any, host: str, port: int, ready: Callable[[], None] | None) -> None:
    server = Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        websockets=False,
        log_level=LogLevels.error,
    )
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ValueError, RuntimeError):  # Outside the main thread nobody signals.
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, server.stop)
    if ready is not None:
        loop.call_later(0.2, ready)
    typer.echo(f"Everyshelf serves on http://{host}:{port} (documentation at /docs)", err=True)
    await server.serve()

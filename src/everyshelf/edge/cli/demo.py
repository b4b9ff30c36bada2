"""The command `demo`: a made-up retailer that lives, on an embedded PostgreSQL of its own.

Opens the shops through the rooms' verbs, lets life happen in a thread, serves the API and the live
page, and takes everything down again in order. Never touches the data of `everyshelf up`.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import structlog
import typer

from everyshelf.base.errors import Code
from everyshelf.base.server import PORT_TAKEN, Server
from everyshelf.edge.cli import target

if TYPE_CHECKING:
    from everyshelf.base.tx import Database
    from everyshelf.simulate.demo_life import Life
    from everyshelf.simulate.demo_retailer import Retailer

ORDER: Final = 5
KEPT: Final = "demo.json"
MARK: Final = "demo.home"
MOST_A_SECOND: Final = 20.0
RUNS: Final = Code("demo.runs", 409, "A demo already runs from this folder.")
NOT_A_DEMO: Final = Code("demo.not_a_demo", 409, "The folder holds something that is no demo.")


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel=target.RUNNING)(demo)


def demo(
    port: Annotated[int, typer.Option(help="Port of the live page and the API.")] = 8080,
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    items: Annotated[int, typer.Option(min=50, max=50_000, help="How many items to sell.")] = 2_000,
    rate: Annotated[float, typer.Option(min=0.0, max=MOST_A_SECOND, help="Orders a second.")] = 2.5,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, help="Stop after so long, then audit the books.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which made-up retailer.")] = 7,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the data for the next demo.")] = False,
    home: Annotated[
        Path | None, typer.Option(help="The folder of the demo's own PostgreSQL.")
    ] = None,
) -> None:
    """Watch a made-up retailer live: orders from every channel, shops that pick, ship and err.

    Ctrl-C ends everything. With --minutes the books are audited at the end, and the exit status
    is 1 when something is found.

    Example: everyshelf demo --minutes 2 --port 8090
    """
    _check_port(host, port)
    signal.signal(signal.SIGTERM, _end_in_order)
    folder = home or target.default_home().with_name(target.default_home().name + "-demo")
    findings = 0
    with contextlib.suppress(KeyboardInterrupt), _alone(folder), _server(folder, keep) as url:
        findings = _live(url, folder, host, port, items, rate, seed, minutes)
    if findings:
        raise typer.Exit(1)


def _live(
    url: str, folder: Path, host: str, port: int, items: int, rate: float, seed: int,
    minutes: float | None,
) -> int:  # fmt: skip
    """Opens the shops, lives, and at the end of its time counts what the audit finds."""
    from everyshelf.base.migrate import apply
    from everyshelf.base.tx import Database
    from everyshelf.edge import keys
    from everyshelf.edge.web.serve import serve
    from everyshelf.simulate.demo_life import Life

    apply(url)
    with Database(url, size=3) as db:
        retailer = _shops(db, folder / KEPT, items, seed)
        key = db.run(keys.first_owner, actor="demo")
        life = Life(db, retailer, seed=seed, rate=rate)
        timer = threading.Timer((minutes or 0) * 60, os.kill, (os.getpid(), signal.SIGINT))
        timer.daemon = True

        def ready() -> None:
            _be_quiet()
            _tell(f"http://{host}:{port}", key, retailer)
            if minutes is not None:
                timer.start()

        life.start()
        try:
            serve(url, host, port, worker=True, public_demo=True, ready=ready)
        finally:
            _from_now_on_ignore_signals()
            timer.cancel()
            life.stop()
        return _audit(db, life) if minutes is not None else 0


def _shops(db: Database, kept: Path, items: int, seed: int) -> Retailer:
    """The retailer of the folder, or a new one."""
    from everyshelf.base import codec
    from everyshelf.simulate.demo_retailer import Retailer, open_shops

    if kept.exists():
        return codec.decode(kept.read_bytes(), Retailer)
    typer.echo(f"opening the shops: {items:,} items, 33 places", err=True)
    made = open_shops(db, items, seed, datetime.now(UTC).date())
    kept.write_bytes(codec.encode(made))
    return made


def _audit(db: Database, life: Life) -> int:
    """Says what was done and whether the books are right; how much was found."""
    from everyshelf.edge import worker
    from everyshelf.insight import audit_database, checks

    worker.tick(db)  # What was taken in the last moment is heard before the books are closed.
    placed, failed = life.diary.done["orders.place"], sum(life.diary.failed.values())
    found = audit_database(db)
    for finding in found[:20]:
        typer.echo(f"  {finding.room} {finding.check}: {finding.what} {finding.detail}")
    typer.echo(f"{placed:,} orders taken, {failed} commands failed")
    typer.echo(f"audit: {sum(1 for _ in checks())} checks, {len(found)} findings")
    return len(found) + failed


def _tell(base: str, key: str | None, retailer: Retailer) -> None:
    """What to open and what to try."""
    shown = key or "(the key of the first start)"
    item = retailer.goods.stocked[0]
    store = retailer.stores[0]
    place = (
        '{"channel":"web","channel_ref":"MINE-1","currency":"USD","buyer":{"name":"Me"},'
        f'"lines":[{{"item":"{item}","qty":1,"method":"pickup","pickup_node":"MFC"}}]}}'
    )
    asks = f'{{"asks":[{{"item":"{item}","channel":"web","pool":"ship"}}]}}'
    typer.echo(
        f"""
  Open      {base}        the live page, also on a phone
            {base}/docs   the API

  Try       KEY={shown}
            curl -s {base}/live/state
            curl -s -H "Authorization: Bearer $KEY" "{base}/v1/orders?limit=3"
            curl -s -H "Authorization: Bearer $KEY" "{base}/v1/stock/balances?node={store}&limit=5"
            curl -s -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
              -d '{asks}' {base}/v1/stock/availability
            curl -s -H "Authorization: Bearer $KEY" -H "Idempotency-Key: mine-1" \\
              -H "Content-Type: application/json" -d '{place}' {base}/v1/orders

  Ctrl-C ends everything.
""",
        err=True,
    )


def _be_quiet() -> None:
    """The messages to made-up customers would fill the terminal; warnings are still shown."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def _check_port(host: str, port: int) -> None:
    """Says so at once when the port is taken, before anything was made."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PORT_TAKEN(
                f"{host}:{port} cannot be used ({error.strerror}); choose another: --port 8090"
            ) from error


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One demo at a time in a folder; the lock stands beside it, because the folder is renewed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RUNS(f"a demo already runs from {folder}; another one: --home FOLDER") from None
        yield


@contextlib.contextmanager
def _server(folder: Path, keep: bool) -> Iterator[str]:
    """PostgreSQL in the demo's folder, stopped at the end whatever happens."""
    server = Server(folder, small=True, durable=keep)
    if server.running:  # Left behind by a demo that was killed.
        server.stop()
    if not keep:
        _wipe(folder)
    typer.echo(f"starting PostgreSQL in {folder}", err=True)
    try:
        url = server.start()
        (folder / MARK).touch()
        yield url
    finally:
        _from_now_on_ignore_signals()
        typer.echo("closing", err=True)
        server.stop()
        if not keep:
            _wipe(folder)


def _wipe(folder: Path) -> None:
    """Removes what an earlier demo left; nothing else is ever removed."""
    from everyshelf.base.server_home import is_ours

    if not folder.exists() or not any(folder.iterdir()):
        return
    half_made = not (folder / "data").exists()
    if not is_ours(folder) or not (half_made or (folder / MARK).exists()):
        raise NOT_A_DEMO(f"{folder} holds something else; choose another folder: --home FOLDER")
    shutil.rmtree(folder)


def _end_in_order(signum: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _from_now_on_ignore_signals() -> None:
    """Closing takes a second or two; a second Ctrl-C must not leave PostgreSQL behind."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.SIG_IGN)

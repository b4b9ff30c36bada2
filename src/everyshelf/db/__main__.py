"""`python -m everyshelf.db`: writes `schema.sql` anew from the migrations, on its own server."""

from __future__ import annotations

import tempfile
from pathlib import Path

import psycopg

from everyshelf.base.migrate import apply
from everyshelf.base.server import Server
from everyshelf.db.schema import FILE, listing


def main() -> None:
    """Migrates an empty database that is thrown away afterwards, and writes down the result."""
    with tempfile.TemporaryDirectory(prefix="everyshelf-schema-") as folder:
        Path(folder).chmod(0o755)
        server = Server(Path(folder) / "home", small=True, durable=False)
        url = server.start()
        try:
            apply(url)
            with psycopg.connect(url) as conn:
                Path(__file__).with_name(FILE).write_text(listing(conn))
        finally:
            server.stop()


if __name__ == "__main__":
    main()

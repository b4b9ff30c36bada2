"""`python -m everyshelf.edge.journey_doc`: walks one order and writes docs/journey.md of its rows.

The walk runs through the public verbs on a real database with a fixed clock. A test compares the
committed page with a fresh run; what it says is never edited by hand.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from everyshelf.base.migrate import apply
from everyshelf.base.server import Server
from everyshelf.base.tx import Database
from everyshelf.edge import journey_walk
from everyshelf.edge.journey_page import Page

PAGE: Final = "journey.md"


def page(db: Database) -> str:
    """The walk of one order in an empty, migrated database, as the page tells it."""
    told = Page(db, journey_walk.START)
    for chapter in journey_walk.CHAPTERS:
        chapter(told)
    return "\n\n".join(told.text) + "\n"


def main() -> None:
    """Writes into the folder that is named, else into docs/ below the current folder."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs")
    with tempfile.TemporaryDirectory(prefix="everyshelf-journey-") as home:
        Path(home).chmod(0o755)
        server = Server(Path(home) / "home", small=True, durable=False)
        url = server.start()
        try:
            apply(url)
            with Database(url) as db:
                (folder / PAGE).write_text(page(db))
        finally:
            server.stop()


if __name__ == "__main__":
    main()

"""docs/journey.md is what a fresh walk of one order prints."""

from __future__ import annotations

from pathlib import Path

from everyshelf.base.tx import Database
from everyshelf.edge import journey_doc

PAGE = Path(__file__).parents[2] / "docs" / journey_doc.PAGE


def test_the_page_is_as_the_walk_goes(db: Database) -> None:
    walked = journey_doc.page(db)
    assert "0 findings" in walked
    assert walked == PAGE.read_text(), "run `python -m everyshelf.edge.journey_doc`"

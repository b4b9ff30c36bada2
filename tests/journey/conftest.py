"""Every story ends with the full audit empty and nothing parked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from everyshelf import insight
from everyshelf.base.tx import Database
from everyshelf.edge import chores
from tests.journey.story import Story


@pytest.fixture
def story(db: Database) -> Iterator[Story]:
    """A story; whatever it told, the books are right at its end."""
    told = Story(db)
    yield told
    told.hears()
    chores.run(db, now=told.now)
    told.hears()
    assert told.look("select subscriber, type, error from delivery") == []
    assert insight.audit_database(db) == []

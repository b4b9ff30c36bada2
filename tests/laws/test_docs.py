"""Law 7, the docs: every event, error code, KPI, setting and command is in the catalogues."""

import json
import re
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

import everyshelf
from everyshelf.base.codec import encode
from everyshelf.base.errors import CODES
from everyshelf.base.events import Event, registry
from everyshelf.base.ids import new
from everyshelf.edge import docs
from everyshelf.insight import KPIS
from everyshelf.orders import LineCount, LinesShipped, OrderId

ROOT = Path(everyshelf.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"
SETTING = re.compile(r"\bEVERYSHELF_[A-Z][A-Z_]*[A-Z]\b")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return docs.pages()


def differences(made: dict[str, str], folder: Path) -> list[str]:
    """Pages that are not as they would be written now, and schemas of events that are gone."""
    old = {f"events/{path.name}" for path in (folder / "events").glob("*.json")}
    stale = [p for p, text in made.items() if not (folder / p).is_file()
             or (folder / p).read_text() != text]  # fmt: skip
    return sorted([*stale, *(old - made.keys())])


def test_the_catalogues_are_as_the_code_is(pages: dict[str, str]) -> None:
    assert differences(pages, DOCS) == [], "run `python -m everyshelf.edge.docs`"


def test_a_stale_catalogue_is_seen(pages: dict[str, str], tmp_path: Path) -> None:
    docs.write(tmp_path)
    assert differences(pages, tmp_path) == []
    (tmp_path / "errors.md").write_text("old")
    (tmp_path / "kpis.md").unlink()
    (tmp_path / "events" / "gone.event.here.json").write_text("{}")
    assert differences(pages, tmp_path) == ["errors.md", "events/gone.event.here.json", "kpis.md"]


def test_everything_is_in_its_catalogue(pages: dict[str, str]) -> None:
    assert len(registry()) >= 50
    assert all(f"`{kind.TYPE}`" in pages["events.md"] for kind in registry().values())
    assert all(f"`{code}`" in pages["errors.md"] for code in CODES)
    assert all(f"`{kpi.name}`" in pages["kpis.md"] for kpi in KPIS)
    assert all(f"`{name}`" in pages["commands.md"] for name, _ in docs.commands())


def undocumented(kinds: list[type[Event]]) -> list[str]:
    """Events without words of their own, or whose type is not `<room>.<noun>.<past>`."""
    return [
        kind.__name__ for kind in kinds
        if not kind.__doc__ or kind.__doc__ == Event.__doc__ or kind.TYPE.count(".") != 2
        or not kind.SUBJECT or not hasattr(kind, kind.SUBJECT)
    ]  # fmt: skip


def test_every_event_says_what_happened() -> None:
    assert undocumented(list(registry().values())) == []


def test_an_event_without_words_is_seen() -> None:
    class Planted(Event, frozen=True, kw_only=True):
        TYPE = "stock.planted"

    try:
        assert undocumented([Planted]) == ["Planted"]
    finally:
        Planted.TYPE = ""


def settings(folder: Path) -> set[str]:
    """The names of all settings that some source reads or names."""
    return {name for path in folder.rglob("*.py") for name in SETTING.findall(path.read_text())}


def test_every_setting_is_documented() -> None:
    assert settings(ROOT) == docs.SETTINGS.keys()


def test_a_setting_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('import os\nx = os.environ["EVERYSHELF_NEW_THING"]\n')
    assert settings(tmp_path) - docs.SETTINGS.keys() == {"EVERYSHELF_NEW_THING"}


def test_a_schema_takes_its_event_and_nothing_else() -> None:
    schema = json.loads(docs.schema_of(LinesShipped))
    event = LinesShipped(order_id=new(OrderId), lines=[LineCount(1, "TEA-1", 2)])
    body = json.loads(encode(event))
    jsonschema.validate(body, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body | {"order_id": 7}, schema)

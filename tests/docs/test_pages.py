"""The pages say what is so: links lead somewhere, commands, options and routes exist.

Each check is seen to fail on a planted page. The catalogues are checked by tests/laws/test_docs.py.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import everyshelf
from bench.__main__ import benchmarks
from docs import write_cli
from everyshelf import returns, sourcing
from everyshelf.base import retention
from everyshelf.edge.docs import SETTINGS
from everyshelf.edge.intake.facts import REASONS
from everyshelf.edge.intake.mapping import FIELDS, Mapping
from everyshelf.edge.keys import Role
from everyshelf.edge.web.declare import Verb, name_of
from everyshelf.edge.web.faces import faces
from everyshelf.edge.web.permissions import POLICY
from everyshelf.journey import ROOMS
from everyshelf.simulate import live, people, retailer
from tests.docs import pages

PAGES: Final = pages.pages()
DOCS: Final = pages.ROOT / "docs"
SOURCES: Final = Path(everyshelf.__file__).parent
ADRS: Final = sorted((DOCS / "adr").glob("0*.md"))
POLICIES: Final = {"sourcing": sourcing.Rules, "returns": returns.ReturnsPolicy}


def named(page: Path) -> str:
    return str(page.relative_to(pages.ROOT))


def words_of(name: str) -> str:
    return (pages.ROOT / name).read_text()


def options() -> dict[str, set[str]]:
    return {name: write_cli.options(command) for name, command in write_cli.commands().items()}


def routes() -> set[str]:
    verbs = [r for face in faces() for r in face.routes if isinstance(r, Verb) and r.bulk]
    return POLICY.keys() | {name_of("POST", verb.bulk_path) for verb in verbs}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_page_says_what_is_so(page: Path) -> None:
    text = page.read_text()
    assert pages.broken_links(page) == []
    assert pages.unknown_calls(text, options()) == []
    assert pages.unknown_routes(text, routes()) == []
    assert pages.missing_files(text) == []
    assert pages.forbidden(text) == []


def test_a_wrong_page_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n[here](#a-page) [gone](gone.md) [no](#nowhere) [out](http://example.com)\n"
        "`everyshelf fly` and `POST /v1/nothing/{id}`, see /root/notes\n"
        "`edge/keys.py` `edge/lock.py`\n"
        "```bash\nX=1 everyshelf import orders f.csv --faster\neveryshelf up --port 1 # fine\n```\n"
    )
    text = page.read_text()
    assert pages.broken_links(page) == ["gone.md", "#nowhere", "http://example.com"]
    assert pages.unknown_calls(text, options()) == [
        "everyshelf import orders f.csv --faster", "everyshelf fly",
    ]  # fmt: skip
    assert pages.unknown_routes(text, routes()) == ["POST /v1/nothing/{id}"]
    assert pages.missing_files(text) == ["edge/lock.py"]
    assert pages.forbidden(text) == ["/root/"]


def test_every_command_is_in_the_readme() -> None:
    calls = [words for words in pages.calls(words_of("README.md"), "everyshelf") if words]
    shown = {" ".join(["everyshelf", *words[:n]]) for words in calls for n in (1, 2)}
    assert options().keys() <= shown


def wrong_makes(text: str) -> list[str]:
    """Targets and test paths of `make` that do not exist."""
    targets = set(re.findall(r"^(\w+):", words_of("Makefile"), re.MULTILINE))
    wrong = []
    for target, *rest in filter(None, pages.calls(text, "make")):
        paths = [w for a in rest for w in a.removeprefix("ARGS=").split() if w.startswith("tests/")]
        missing = [p for p in paths if not (pages.ROOT / p).exists()]
        wrong += [target] * (target not in targets) + missing
    return wrong


def test_what_make_is_told_exists() -> None:
    assert [wrong for page in PAGES for wrong in wrong_makes(page.read_text())] == []
    assert wrong_makes('`make tea` `make test ARGS="tests/none -x"`') == ["tea", "tests/none"]


def test_named_benchmarks_exist() -> None:
    shown = [w[0] for p in PAGES for w in pages.calls(p.read_text(), "python -m bench") if w]
    assert {name for name in shown if name != "NAME"} == benchmarks().keys()


def test_the_manual_of_the_command_line_is_current() -> None:
    assert write_cli.PAGE.read_text() == write_cli.page(), "run `python -m docs.write_cli`"
    assert all(f"## {name}\n" in write_cli.page() for name in options())


def test_every_setting_and_policy_parameter_is_explained() -> None:
    text = words_of("docs/operations.md")
    assert [name for name in SETTINGS if f"| `{name}` |" not in text] == []
    for name, kind in POLICIES.items():
        page = words_of(f"docs/{name}-policy.md") if name == "sourcing" else text
        assert [f for f in kind.__struct_fields__ if f"| `{f}` |" not in page] == []


def policies(folder: Path) -> set[str]:
    """The names of policies that some code reads."""
    read = re.compile(r"polic(?:y|ies)\.(?:live|book)\(\s*tx, (\w+)")
    found = set()
    for path in folder.rglob("*"):
        if path.suffix in (".py", ".sql") and path.parent.name in ROOMS:
            found |= {path.parent.name for _ in read.finditer(path.read_text())}
    return found


def test_every_policy_that_is_read_is_explained() -> None:
    assert policies(SOURCES) <= POLICIES.keys()


def test_the_page_of_imports_knows_every_field_setting_and_reason() -> None:
    text = words_of("docs/import.md")
    terms = [f for fields in FIELDS.values() for f in fields]
    terms += [*Mapping.__struct_fields__, *map(str, REASONS), *map(str, FIELDS)]
    assert [term for term in terms if f"`{term}`" not in text] == []


def test_every_role_is_explained() -> None:
    text = words_of("docs/api.md").partition("## Idempotency")[0]
    assert [role for role in Role if f"`{role}`" not in text] == []


def assumed() -> list[str]:
    """What replay takes for granted, as its page says it."""
    return [
        f"covers {retailer.COVER_WEEKS:g} weeks",
        f"{retailer.DC_SHARE:.0%} of it in the".replace("%", " %"),
        f"at least {retailer.LINES_AT_ONCE} usual lines",
        f"fell below {live.REFILL_BELOW:.0%}".replace("%", " %"),
        f"{live.PICKUP_RATE:.0%} of small orders".replace("%", " %"),
        f"reject {100 * people.REJECT_RATE:g} % of what",
        f"short on {100 * people.SHORT_RATE:g} % of lines",
        f"{100 * people.FAILED_ATTEMPT_RATE:g} % of parcels fail",
        f"{100 * people.LOST_RATE:g} % are lost",
        f"{100 * people.NO_SHOW_RATE:g} % of pickups",
    ]


def test_the_assumptions_of_replay_are_those_of_the_code() -> None:
    text = " ".join(words_of("docs/replay.md").split())
    assert [words for words in assumed() if words not in text] == []
    months = " ".join(words_of("docs/operations.md").split())
    assert f"a month {retention.KEEP_DAYS} days after its end" in months


def missing_tables(text: str, schema: str) -> list[str]:
    """Tables that the map of the code does not give to anybody."""
    made = re.findall(r"create table (\w+)", schema, re.IGNORECASE)
    return sorted(name for name in made if not re.search(rf"\b{name}\b", text))


def test_the_architecture_names_every_room_and_table() -> None:
    text = words_of("ARCHITECTURE.md")
    schema = (SOURCES / "db" / "schema.sql").read_text()
    assert [room for room in ROOMS if f"| `{room}` |" not in text] == []
    assert missing_tables(text, schema) == ["event_rest"]  # A partition of event.
    assert missing_tables(text, "create table gone (a int)") == ["gone"]


def test_the_guards_that_the_architecture_names_exist() -> None:
    section = words_of("ARCHITECTURE.md").partition("## Invariants")[2].partition("\n## ")[0]
    rows = [row.split("|") for row in section.splitlines() if row.startswith("| ")][2:]
    schema = (SOURCES / "db" / "schema.sql").read_text()
    assert len(rows) >= 12
    for _, _, guards, checks, _ in rows:
        for guard in re.findall(r"`(\w+)`", guards):
            assert re.search(rf"\b{guard}\b", schema), guard
        room, names = checks.split("`")[1:]
        sql = (SOURCES / room / "checks.sql").read_text()
        for name in re.findall(r"\w+", names):
            assert f"-- name: {name}\n" in sql, f"{room}: {name}"


def test_decisions_are_short_and_listed() -> None:
    listed = words_of("docs/adr/README.md")
    for page in ADRS:
        lines = page.read_text().splitlines()
        number, _, title = lines[0].removeprefix("# ").partition(". ")
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
        assert len(lines) <= 25, page.name
        assert page.name == f"{int(number):04}-{slug}.md"
        assert f"]({page.name}) {title}\n" in listed
        assert [h for h in lines if h.startswith("## ")] == [
            "## Context", "## Decision", "## Consequences",
        ]  # fmt: skip

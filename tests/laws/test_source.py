"""Laws 1, 2, 5, 6 and 8 on the product, and each of them on a planted violation."""

from pathlib import Path

import pytest

import everyshelf
from everyshelf.journey import ROOMS
from tests.laws import checkers

ROOT = Path(everyshelf.__file__).parent
TESTS = Path(__file__).parents[1]


def plant(folder: Path, **files: str) -> Path:
    """A package `everyshelf` with these files; `a__b` becomes `a/b.py`, empty packages around."""
    root = folder / "everyshelf"
    for name, text in {"__init__": "", **files}.items():
        path = root / f"{name.replace('__', '/', 1) if name != '__init__' else name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    return root


def test_rooms_import_only_what_came_before() -> None:
    assert checkers.import_direction(ROOT, ROOMS) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("stock__hold", "from everyshelf import orders"),
        ("stock__hold", "from everyshelf.orders import place"),
        ("stock__hold", "def f():\n    import everyshelf.orders\n"),
        ("orders__place", "from everyshelf.stock.hold import hold"),
        ("orders__place", "from everyshelf.stock import hold"),
        ("orders__place", "from everyshelf.edge import web"),
        ("orders__place", "from . import facts"),
        ("base__tx", "from everyshelf import stock"),
        ("decide__atp", "from everyshelf.base import tx"),
        ("simulate__run", "from everyshelf import stock"),
        ("simulate__live", "from everyshelf.edge import web"),
    ],
)
def test_an_import_against_the_journey_is_seen(tmp_path: Path, name: str, text: str) -> None:
    files = {"stock__hold": "", "orders__place": "", "base__tx": "", name: text}
    root = plant(tmp_path, **files)
    assert len(checkers.import_direction(root, ROOMS)) == 1


def test_no_modules_import_each_other() -> None:
    assert checkers.import_cycles(ROOT) == []


def test_a_cycle_is_seen(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        stock__a="from everyshelf.stock.b import x",
        stock__b="def f():\n    from everyshelf.stock import c",
        stock__c="import everyshelf.stock.a",
        stock__d="from everyshelf.stock import a",
    )
    assert len(checkers.import_cycles(root)) == 3


def test_handlers_hear_only_earlier_rooms() -> None:
    assert checkers.hears_earlier(ROOT, ROOMS) == []


def test_a_handler_that_hears_a_later_or_its_own_room_is_seen(tmp_path: Path) -> None:
    root = plant(
        tmp_path,
        stock__on="from everyshelf import orders\n"
        "from everyshelf.stock import HoldPlaced\n"
        "from everyshelf.network import NodePaused\n"
        "HANDLERS: object = {orders.OrderPlaced: f, HoldPlaced: f, NodePaused: f}\n",
    )
    assert len(checkers.hears_earlier(root, ROOMS)) == 2


def test_decisions_are_pure() -> None:
    found = [bad for p in sorted((ROOT / "decide").rglob("*.py")) for bad in checkers.impurity(p)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "from os import environ",
        "import psycopg",
        "from random import choice",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.date.today()",
        "x = open('f')",
        "print(1)",
        "import numpy as np\nx = np.random.default_rng()",
        "import numpy as np\nx = np.random.normal()",
    ],
)
def test_an_impure_decision_is_seen(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(text)
    assert len(checkers.impurity(path)) == 1


def test_a_seeded_draw_and_a_given_instant_are_pure(tmp_path: Path) -> None:
    path = tmp_path / "good.py"
    path.write_text("import numpy as np\ndef f(seed):\n    return np.random.default_rng(seed)\n")
    assert checkers.impurity(path) == []


def test_statements_are_portable() -> None:
    assert checkers.unportable_files(ROOT) == []


@pytest.mark.parametrize(
    "text",
    [
        "select pg_advisory_xact_lock(1)",
        "select pg_try_advisory_lock(1)",
        "notify orders",
        "select pg_notify('a', 'b')",
        "merge into item using x on true when matched then delete",
        "create temp table t (a int)",
        "create constraint trigger t after insert on item execute function f()",
        "select nextval('s')",
        "set transaction isolation level serializable",
        "select now()",
        "select current_date",
        "select random()",
        "select a from item where id > %(last_id)s",
        "select body from event where id > %(seen)s order by id",
    ],
)
def test_an_unportable_statement_is_seen(text: str) -> None:
    assert checkers.unportable(text) != []


def test_words_in_texts_and_comments_are_no_violation() -> None:
    assert checkers.unportable("select 'now()' -- merge into is not used here\n") == []


def test_an_unportable_file_is_seen(tmp_path: Path) -> None:
    room = tmp_path / "stock"
    room.mkdir()
    (room / "queries.sql").write_text("-- name: a\nselect now()\n\n-- name: b\nselect 1\n")
    assert checkers.unportable_files(tmp_path) == ["stock.a: the clock of the statement"]


@pytest.mark.parametrize("root", [ROOT, TESTS], ids=["src", "tests"])
def test_nothing_is_too_long(root: Path) -> None:
    assert checkers.sizes(root) == []


def test_the_median_function_is_short() -> None:
    assert checkers.median_function(ROOT) <= 10


def test_long_things_are_seen(tmp_path: Path) -> None:
    long_function = "def f() -> None:\n" + "    x = 1\n" * 70
    (tmp_path / "a.py").write_text(long_function + "#" * 101 + "\n" + "x = 1\n" * 400)
    (tmp_path / "b.sql").write_text("-" * 101)
    found = checkers.sizes(tmp_path)
    assert [f.split(" ", 1)[0] for f in found] == ["a.py", "a.py:72", "a.py:", "b.sql:1"]
    assert checkers.median_function(tmp_path) == 71


def test_rooms_are_flat_and_small() -> None:
    assert checkers.shapes(ROOT, ROOMS) == []


def test_a_deep_or_crowded_room_is_seen(tmp_path: Path) -> None:
    (tmp_path / "stock" / "deep").mkdir(parents=True)
    for n in range(19):
        (tmp_path / "stock" / f"f{n}.py").touch()
    assert len(checkers.shapes(tmp_path, ROOMS)) == 2


def test_modules_open_with_a_docstring() -> None:
    found = [p for p in sorted(ROOT.rglob("*.py")) if p.stat().st_size and checkers.undocumented(p)]
    assert found == []


def test_a_module_without_a_docstring_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    assert checkers.undocumented(path)
    path.write_text('"""' + "line\n" * 13 + '"""\n')
    assert checkers.undocumented(path)

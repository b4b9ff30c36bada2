"""Where a document departs from its struct: every place, as a JSON pointer, with what is right."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest

from everyshelf.base import codec, shape
from everyshelf.base.errors import Problem


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    GREEN = "green"


class Near(msgspec.Struct, tag="near", tag_field="part", forbid_unknown_fields=True):
    """A part by name."""

    weight: float = 1.0


class Far(msgspec.Struct, tag="far", tag_field="part", forbid_unknown_fields=True):
    """Another part."""

    max_km: Annotated[int, msgspec.Meta(ge=0)]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document with every sort of place."""

    parts: tuple[Near | Far, ...] = ()
    colours: frozenset[Colour] | None = None
    pair: tuple[int, str] = (0, "")
    by_name: Mapping[str, Near] = {}
    limit: int | None = None
    inner: Near | None = None


WRONG: list[tuple[Any, list[tuple[str, str]]]] = [
    ([], [("", "Expected an object, got an array.")]),
    ({"limt": 1}, [("/limt", "Unknown field `limt`. Did you mean `limit`?")]),
    ({"limit": "5"}, [("/limit", "Expected `int | null`, got `str`.")]),
    ({"parts": {}}, [("/parts", "Expected `array`, got `object`.")]),
    ({"parts": [{"part": "nar"}]}, [("/parts/0/part", "Unknown part `nar`. Did you mean `near`?")]),
    ({"parts": [{}]}, [("/parts/0/part", "The field `part` is missing. Known: far, near.")]),
    ({"parts": [{"part": "near", "weight": "heavy"}, {"part": "far"}]},
     [("/parts/0/weight", "Expected `float`, got `str`."),
      ("/parts/1/max_km", "The field `max_km` is missing.")]),
    ({"parts": [{"part": "far", "max_km": -1, "x": 2}]},
     [("/parts/0/max_km", "Expected `int` >= 0."), ("/parts/0/x", "Unknown field `x`. "
      "Known: max_km.")]),
    ({"colours": ["red", "gren"]},
     [("/colours/1", "Invalid enum value 'gren'. Did you mean `green`?")]),
    ({"pair": [1]}, [("/pair", "Expected 2 values, got 1.")]),
    ({"pair": ["a", "b"]}, [("/pair/0", "Expected `int`, got `str`.")]),
    ({"by_name": {"a/b": {"weight": None}}},
     [("/by_name/a~1b/weight", "Expected `float`, got `null`.")]),
    ({"inner": 3}, [("/inner", "Expected `object | null`, got `int`.")]),
]  # fmt: skip


@pytest.mark.parametrize(("document", "places"), WRONG)
def test_every_place_is_told(document: Any, places: list[tuple[str, str]]) -> None:
    found = shape.problems(document, Document)
    assert [p.words for p in found] == [f"{path or '/'}: {words}" for path, words in places]


@pytest.mark.parametrize(("document", "_"), WRONG)
def test_the_decoder_refuses_the_same(document: Any, _: object) -> None:
    """What is told as wrong is wrong: the decoder, which stops at the first, says so too."""
    with pytest.raises(msgspec.ValidationError):
        codec.convert(document, Document)


def test_a_good_document_has_no_problem() -> None:
    good = {
        "parts": [{"part": "near"}, {"part": "far", "max_km": 4}],
        "colours": ["red"], "pair": [1, "a"], "by_name": {"a": {"weight": 2}}, "limit": None,
    }  # fmt: skip
    assert shape.problems(good, Document) == []
    assert codec.convert(good, Document).pair == (1, "a")


def test_a_pointer_escapes_its_steps() -> None:
    assert shape.pointer("a/b", 0, "c~d") == "/a~1b/0/c~0d"
    assert Problem("", "No.").words == "/: No."

"""Reads the written pages: their links, their blocks, the commands and routes they name.

Pure: every function takes text and gives what is in it, or what is wrong with it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE: Final = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE: Final = re.compile(r"`([^`\n]+)`")
ROUTE: Final = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.-]*)")
FILE: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)+\.(?:py|sql|md|csv)")
# Folders of one machine, and hosts that packages come from, have no place in a page.
FORBIDDEN: Final = re.compile(
    r"(?<![\w.$~])/(?:work|root|tmp|home/\w+)/|\bpypi\.|pythonhosted|localhost:\d|\.library\b"
    r"|\bfarm-\w+|\bTODO\b|\bFIXME\b|\bblazing|\bworld-class|\bseamless|\bcutting-edge|\brobust\b",
    re.IGNORECASE,
)


class Block(NamedTuple):
    """A fenced block: its language, the words after it, its text."""

    language: str
    words: str
    text: str


def pages() -> list[Path]:
    """All pages that people write or that are made from the code."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [Block(m[1], m[2].strip(), m[3]) for m in FENCE.finditer(text)]


def runnable(text: str, language: str) -> list[str]:
    """The blocks that are marked `<language> run`."""
    return [b.text for b in blocks(text) if b.language == language and b.words == "run"]


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as they are commonly made."""
    heads = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    text = FENCE.sub("", page.read_text())
    return [link for link in LINK.findall(text) if not _leads(page, link)]


def _leads(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return link.startswith("https:")
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or anchor in anchors(target.read_text())


def _code_lines(text: str) -> Iterator[str]:
    """Lines of shell in blocks, and code inside of sentences."""
    for block in blocks(text):
        if block.language in ("bash", "console"):
            yield from block.text.replace("\\\n", " ").splitlines()
    yield from CODE.findall(FENCE.sub("", text))


def calls(text: str, program: str) -> list[list[str]]:
    """The words after each call of a program that a page shows."""
    found = []
    for line in _code_lines(text):
        for piece in re.split(r"&&|\|\||[;|]", line.partition(" #")[0]):
            words = _words(piece)
            while words and re.fullmatch(r"\$|[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words[: len(program.split())] == program.split():
                found.append(words[len(program.split()) :])
    return found


def _words(piece: str) -> list[str]:
    try:
        return shlex.split(piece)
    except ValueError:
        return []


def unknown_calls(text: str, known: Mapping[str, set[str]]) -> list[str]:
    """Calls of everyshelf with a command or an option that does not exist."""
    wrong = []
    for words in calls(text, "everyshelf"):
        if not words or words[0] in ("--version", "--help") or not words[0].islower():
            continue
        options = known.get(f"everyshelf {words[0]}")
        named = {word.partition("=")[0] for word in words[1:] if word.startswith("--")}
        if options is None or named - options:
            wrong.append(" ".join(["everyshelf", *words]))
    return wrong


def missing_files(text: str) -> list[str]:
    """Files that a page names, from the root or from the package, and that are not there."""
    named = [c for c in CODE.findall(FENCE.sub("", text)) if FILE.fullmatch(c)]
    places = (ROOT, ROOT / "src" / "everyshelf")
    return [name for name in named if not any((place / name).exists() for place in places)]


def unknown_routes(text: str, known: Iterable[str]) -> list[str]:
    """Routes that a page names, with or without values in their places, and the server lacks."""
    have = [re.compile(re.sub(r"\{\w+\}", "[^/]+", route.replace(".", r"\."))) for route in known]
    named = {f"{method} {path}" for method, path in ROUTE.findall(text)}
    return sorted(one for one in named if not any(route.fullmatch(one) for route in have))


def forbidden(text: str) -> list[str]:
    """Words that a page may not have."""
    return FORBIDDEN.findall(text)

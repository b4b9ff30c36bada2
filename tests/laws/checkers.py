"""The laws that are read off the source: imports, purity, SQL text, sizes.

Each checker takes paths or text and returns one line per violation, so that the same function
judges the product and a planted bad example.
"""

import ast
import re
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from everyshelf.base.sql import parse

FREE = ("base", "decide", "journey", "db", "simulate", "edge")
DECIDE_ONLY = ("world", "arrivals", "run")
IMPURE = {
    "asyncio",
    "httpx",
    "io",
    "multiprocessing",
    "os",
    "pathlib",
    "psycopg",
    "psycopg_pool",
    "random",
    "requests",
    "secrets",
    "shutil",
    "signal",
    "socket",
    "sqlite3",
    "structlog",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uuid",
}
IMPURE_CALLS = frozenset(("open", "print", "input", "exec", "eval", "__import__"))
CLOCKS = frozenset(("now", "utcnow", "today"))
SEEDED = frozenset(("default_rng", "Random", "Generator", "PCG64", "SeedSequence", "RandomState"))


def trees(root: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every module below a package as (dotted name below it, tree); the package itself is ""."""
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(), str(path))


def targets(tree: ast.AST, package: str, modules: set[str]) -> Iterator[tuple[str, int]]:
    """What a tree imports of `package`, as dotted names below it, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield "relative", node.lineno
        elif isinstance(node, ast.ImportFrom) and _ours(node.module or "", package):
            base = (node.module or "")[len(package) + 1 :]
            for alias in node.names:
                deeper = f"{base}.{alias.name}".strip(".")
                yield (deeper if deeper in modules else base), node.lineno
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _ours(alias.name, package):
                    yield alias.name[len(package) + 1 :], node.lineno


def _ours(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def import_direction(root: Path, rooms: Sequence[str]) -> list[str]:
    """A room sees base, decide and the surface of earlier rooms; nobody but edge sees edge."""
    found = list(trees(root))
    modules = {name for name, _ in found}
    bad = []
    for name, tree in found:
        for target, line in targets(tree, root.name, modules):
            reason = _forbidden(name, target, rooms)
            if reason:
                bad.append(f"{name}:{line} imports {target}: {reason}")
    return bad


def _forbidden(name: str, target: str, rooms: Sequence[str]) -> str:
    top, other = name.partition(".")[0], target.partition(".")[0]
    if target == "relative":
        return "imports are absolute"
    if other in ("", top) or top == "edge":
        return ""
    if top == "simulate" and name.rpartition(".")[2] not in DECIDE_ONLY:
        return "" if other != "edge" else "only edge sees edge"
    if top in rooms:
        return _forbidden_in_room(top, target, rooms)
    allowed = {
        "base": ("journey",),
        "decide": (),
        "journey": (),
        "db": ("base",),
        "simulate": ("decide",),
    }
    return "" if other in allowed.get(top, ()) else f"{top or 'the package'} may not see it"


def _forbidden_in_room(room: str, target: str, rooms: Sequence[str]) -> str:
    other = target.partition(".")[0]
    if other in ("base", "decide", "journey"):
        return ""
    if other not in rooms:
        return "a room does not see it"
    if rooms.index(other) > rooms.index(room):
        return f"{other} comes after {room} in the journey"
    inside = "." in target and target != f"{other}.events"
    return "only the package and its events are the surface of a room" if inside else ""


def import_cycles(root: Path) -> list[str]:
    """Modules that import each other, however long the way round."""
    found = list(trees(root))
    modules = {name for name, _ in found}
    graph = {
        name: {t for t, _ in targets(tree, root.name, modules) if t in modules} - {name}
        for name, tree in found
    }
    while ends := _ends(graph):
        for end in ends:
            del graph[end]
    return [f"{n} imports {', '.join(sorted(graph[n] & graph.keys()))}" for n in sorted(graph)]


def _ends(graph: dict[str, set[str]]) -> list[str]:
    """The modules that import none of the graph, or that none of the graph imports."""
    imported = set().union(*graph.values())
    return [n for n, out in graph.items() if not out & graph.keys() or n not in imported]


def hears_earlier(root: Path, rooms: Sequence[str]) -> list[str]:
    """The keys of HANDLERS in a room's on.py are events of earlier rooms."""
    bad = []
    for room in rooms:
        path = root / room / "on.py"
        if path.exists():
            allowed = set(rooms[: rooms.index(room)])
            tree = ast.parse(path.read_text())
            bad += [f"{room} hears {w}" for w in _heard(tree, root.name) if w[0] not in allowed]
    return bad


def _heard(tree: ast.Module, package: str) -> Iterator[tuple[str, str]]:
    """(room, event) of each key of HANDLERS; the room is "" where it cannot be told."""
    origin: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and _ours(node.module or "", package):
            below = (node.module or "")[len(package) + 1 :].partition(".")[0]
            for alias in node.names:
                origin[alias.asname or alias.name] = below or alias.name
    for node in tree.body:
        named = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(named, ast.Name) and named.id == "HANDLERS" and isinstance(value, ast.Dict):
            for key in value.keys:
                words = ast.unparse(key).split(".") if key is not None else [""]
                yield origin.get(words[0], ""), ".".join(words)


def impurity(path: Path) -> list[str]:
    """What makes a decision depend on more than its problem: I/O, a clock, an unseeded draw."""
    tree = ast.parse(path.read_text())
    bad = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            bad += [
                f"{path.name}:{node.lineno} imports {a.name}"
                for a in node.names
                if a.name.partition(".")[0] in IMPURE
            ]
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").partition(".")[0] in IMPURE:
                bad.append(f"{path.name}:{node.lineno} imports {node.module}")
        elif isinstance(node, ast.Call) and (why := _impure_call(node)):
            bad.append(f"{path.name}:{node.lineno} {why}")
    return bad


def _impure_call(node: ast.Call) -> str:
    words = ast.unparse(node.func).split(".")
    if len(words) == 1 and words[0] in IMPURE_CALLS:
        return f"calls {words[0]}"
    if words[-1] in CLOCKS and ("datetime" in words[:-1] or "date" in words[:-1]):
        return f"reads the clock by {'.'.join(words)}"
    if words[-1] in SEEDED and not node.args and not node.keywords:
        return f"draws without a seed by {'.'.join(words)}"
    if "random" in words[:-1] and words[-1] not in SEEDED:
        return f"draws from the global generator by {'.'.join(words)}"
    return ""


UNPORTABLE = {
    "an advisory lock": r"\bpg_(try_)?advisory",
    "LISTEN or NOTIFY": r"(^|;)\s*(listen|notify)\s|\bpg_notify\b",
    "MERGE": r"\bmerge\s+into\b",
    "a temporary table": r"\b(create|into)\s+(local\s+)?temp(orary)?\b",
    "a trigger": r"\bcreate\s+(or\s+replace\s+)?(constraint\s+)?trigger\b",
    "a sequence": r"\bnextval\b|\bcreate\s+sequence\b|\b(big)?serial\s+(primary|not|,)"
    r"|generated\s+\w+(\s+\w+)?\s+as\s+identity",
    "SERIALIZABLE": r"\bisolation\s+level\s+serializable\b",
    "polling by id > last": r"\bid\s*>\s*%\(last\w*\)s",
}
VOLATILE = {
    "the clock of the statement": r"\b(now|clock_timestamp|statement_timestamp|"
    r"transaction_timestamp|timeofday)\s*\(|\bcurrent_(date|time|timestamp)\b|\blocaltime",
    "a random draw": r"\b(random|gen_random_uuid|uuidv[47])\s*\(",
}


def unportable(text: str, *, volatile: bool = True) -> list[str]:
    """What a statement may not use if it shall run unchanged on a sharded engine."""
    code = re.sub(r"'(?:[^']|'')*'", "''", re.sub(r"--[^\n]*", "", text)).lower()
    rules = UNPORTABLE | (VOLATILE if volatile else {})
    bad = [what for what, pattern in rules.items() if re.search(pattern, code)]
    if re.search(r"\bevent\b", code) and re.search(r"\bid\s*>", code) and "xid" not in code:
        bad.append("polling by id > last")
    return bad


def unportable_files(root: Path) -> list[str]:
    """All statements of all rooms, judged; only base and edge may read the database's clock."""
    bad = []
    for path in sorted(root.rglob("*.sql")):
        if "migrations" in path.parts or path.name == "schema.sql":
            bad += [f"{path.name}: {what}" for what in unportable(path.read_text(), volatile=False)]
            continue
        for name, statement in parse(path.parent.name, path.read_text()).items():
            own = path.relative_to(root).parts[0] not in ("base", "edge")
            bad += [
                f"{path.parent.name}.{name}: {w}" for w in unportable(statement.text, volatile=own)
            ]
    return bad


def sizes(root: Path, *, line: int = 100, function: int = 70, file: int = 400) -> list[str]:
    """Lines, functions and files that are too long."""
    bad = []
    written = [p for p in [*root.rglob("*.py"), *root.rglob("*.sql")] if p.name != "schema.sql"]
    for path in sorted(written):
        where = path.relative_to(root)
        lines = path.read_text().splitlines()
        if len(lines) > file:
            bad.append(f"{where} has {len(lines)} lines")
        bad += [
            f"{where}:{n} has {len(text)} characters"
            for n, text in enumerate(lines, 1)
            if len(text) > line
        ]
        bad += [
            f"{where}: {name} has {size} lines" for name, size in functions(path) if size > function
        ]
    return bad


def functions(path: Path) -> list[tuple[str, int]]:
    """Every function of a file with its length in lines, its decorators not counted."""
    if path.suffix != ".py":
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, kinds))
    return [(n.name, (n.end_lineno or n.lineno) - n.lineno + 1) for n in nodes]


def median_function(root: Path) -> float:
    """The median length of all functions below a folder."""
    return statistics.median(size for p in root.rglob("*.py") for _, size in functions(p))


def shapes(root: Path, rooms: Sequence[str], *, files: int = 18) -> list[str]:
    """A room is one flat folder of few modules, whose package says what it owns."""
    bad = []
    for room in rooms:
        folder = root / room
        here = list(folder.glob("*.py")) if folder.is_dir() else []
        if len(here) > files:
            bad.append(f"{room} has {len(here)} modules")
        bad += (
            [
                f"{room}/{p.name} is a folder in a room"
                for p in folder.iterdir()
                if p.is_dir() and p.name != "__pycache__"
            ]
            if here
            else []
        )
    return bad


def undocumented(path: Path) -> bool:
    """Whether a module lacks the docstring of 1 to 12 lines that opens it."""
    text = ast.get_docstring(ast.parse(path.read_text()))
    return not text or len(text.splitlines()) > 12

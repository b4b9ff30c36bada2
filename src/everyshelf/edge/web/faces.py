"""All routes of the API: one face per room, found in the files of this package.

A file declares its routes as `FACE`; nothing else here names it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache

from everyshelf.edge import web
from everyshelf.edge.web.declare import Face, Route
from everyshelf.journey import ROOMS


@lru_cache(maxsize=1)
def faces() -> tuple[Face, ...]:
    """The faces in the order of the journey, those of the edge itself at the end."""
    found: list[Face] = []
    for one in pkgutil.iter_modules(web.__path__):
        module = importlib.import_module(f"{web.__name__}.{one.name}")
        face = getattr(module, "FACE", None)
        if isinstance(face, Face):
            found.append(face)
    return tuple(sorted(found, key=lambda f: (_place(f.name), f.name)))


def _place(name: str) -> int:
    return ROOMS.index(name) if name in ROOMS else len(ROOMS)


def routes() -> list[Route]:
    """Every declared route."""
    return [route for face in faces() for route in face.routes]

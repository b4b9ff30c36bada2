"""What is marked `chaos` takes minutes and runs only when it is asked for: `-m chaos`."""

from __future__ import annotations

import pytest

HERE = __file__.rsplit("/", 1)[0]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "chaos" in (config.option.markexpr or ""):
        return
    long = [i for i in items if str(i.path).startswith(HERE) and i.get_closest_marker("chaos")]
    config.hook.pytest_deselected(items=long)
    items[:] = [i for i in items if i not in long]

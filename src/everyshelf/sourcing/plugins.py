"""Parts of policies that other packages bring: filters and costs by their entry points.

A package names a function under `everyshelf.sourcing.filters` (problem, params) -> mask, or
`everyshelf.sourcing.costs` (problem, params) -> Charge. It must be pure, as the parts here are.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

from everyshelf.decide import sourcing_costs, sourcing_filters

FILTERS: Final = "everyshelf.sourcing.filters"
COSTS: Final = "everyshelf.sourcing.costs"


def find() -> list[str]:
    """Makes the plugins that are installed known to policies; their names."""
    for found in entry_points(group=FILTERS):
        sourcing_filters.PLUGINS[found.name] = found.load()
    for found in entry_points(group=COSTS):
        sourcing_costs.PLUGINS[found.name] = found.load()
    return sorted({*sourcing_filters.PLUGINS, *sourcing_costs.PLUGINS})


find()

"""How a process that runs for long sets itself up. Decides nothing of a room."""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 20_000


def settle_down() -> None:
    """Lets the collector look at what is new only, and less often.

    A batch makes thousands of small objects that live until its end; with Python's own thresholds
    a quarter of the time went into looking again at modules and machine code that never go away.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 50)

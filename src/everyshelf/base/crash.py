"""Numbered crash points: places where a test lets this process die as if its plug were pulled.

EVERYSHELF_CRASH_AT=name:hit kills the process the hit-th time it passes the point of that name.
Without it a point costs one look at a flag. Decides nothing else and cleans up nothing.
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Final

POINTS: Final = (
    "tx.before_commit", "tx.after_commit", "handler.before_cursor", "payment.taken",
    "payment.answered", "label.waiting", "label.answered",
)  # fmt: skip
_name, _, _hit = os.environ.get("EVERYSHELF_CRASH_AT", "").partition(":")
ARMED: Final = bool(_name)
_left = [int(_hit or 1)]
_lock = threading.Lock()


def crashpoint(name: str) -> None:
    """Dies here if this is the point and the hit that was asked for."""
    if ARMED and name == _name:
        with _lock:
            _left[0] -= 1
            if _left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

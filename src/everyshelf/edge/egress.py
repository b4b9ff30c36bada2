"""The one client for addresses that others gave us: only public ones, pinned, never redirected.

The name is resolved once, every address of it is judged, and the connection goes to the address
that was judged, so that a name cannot turn to the inside between the look and the call.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx
import msgspec

from everyshelf.base.errors import Code

ADDRESS: Final = Code(
    "egress.address", 422, "The address is not an https URL of a public host, so it is not called."
)
SECONDS: Final = 10.0
KEPT_BYTES: Final = 1_000
MAX_URL: Final = 2_000
PRIVATE: Final = "EVERYSHELF_PRIVATE_WEBHOOKS"


class Reply(msgspec.Struct, frozen=True):
    """What came back: a status and the first letters, or why there was no answer."""

    status: int | None
    text: str

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def private_allowed() -> bool:
    """Whether this installation may call private addresses: for tests and a demo only."""
    return os.environ.get(PRIVATE) == "1"


def check(url: str) -> SplitResult:
    """The parts of a URL that may be called; refuses the others with the reason."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ADDRESS(f"{url[:200]!r} is not a URL: {error}") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and private_allowed()):
        raise ADDRESS("The address begins with https://.")
    if not parts.hostname or parts.username is not None or port == 0:
        raise ADDRESS("The address names a host, without user or password.")
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > MAX_URL:
        raise ADDRESS("The address has odd letters, or too many; encode it.")
    return parts


class Egress:
    """Calls addresses of others."""

    def __init__(self) -> None:
        self.client = httpx.Client(timeout=SECONDS, follow_redirects=False, trust_env=False)

    def close(self) -> None:
        self.client.close()

    def resolve(self, parts: SplitResult) -> str:
        """The address of the host to connect to; refuses a host that has any private one."""
        assert parts.hostname is not None
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise ADDRESS(f"The host {parts.hostname} is not known.") from None
        addresses = [str(entry[4][0]) for entry in found]
        if not private_allowed() and not all(_public(a) for a in addresses):
            raise ADDRESS(f"The host {parts.hostname} is not public.")
        return addresses[0]

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Reply:
        """Sends a body to the address; never raises for what the other side does."""
        parts = check(url)
        address = self.resolve(parts)
        pinned = httpx.URL(url).copy_with(host=address)
        named = headers | {"host": parts.netloc, "content-type": "application/json"}
        extensions = {"sni_hostname": parts.hostname}
        try:
            with self.client.stream(
                "POST", pinned, content=body, headers=named, extensions=extensions
            ) as answer:
                return Reply(answer.status_code, _beginning(answer))
        except httpx.HTTPError as error:
            return Reply(None, f"{type(error).__name__}: {error}"[:KEPT_BYTES])


def _public(address: str) -> bool:
    known = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(known, "ipv4_mapped", None)
    known = mapped or known
    return known.is_global and not known.is_multicast and not known.is_reserved


def _beginning(answer: httpx.Response) -> str:
    text = b""
    for piece in answer.iter_bytes(KEPT_BYTES):
        text += piece
        if len(text) >= KEPT_BYTES:
            break
    return text[:KEPT_BYTES].decode(errors="replace").replace("\0", "")

"""The API as a caller meets it: problems for bad input, nothing written, one effect per key."""

from __future__ import annotations

from typing import Any


def told(reply: Any, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = reply.json()
    assert (reply.status_code, body["code"]) == (status, code), body
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert body["status"] == status
    assert body["type"] == f"/problems/{code}"
    assert body["title"]
    assert body["detail"]
    assert body["instance"].startswith("urn:everyshelf:req_")
    return body

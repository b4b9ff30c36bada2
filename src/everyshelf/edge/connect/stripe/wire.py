"""The wire to Stripe: sends what translate.py made, once per key; guesses nothing.

An answer that does not come, or that Stripe calls temporary, is `Unheard`; payment looks it up by
its key later.
"""

from __future__ import annotations

from typing import Final, TypeVar

import httpx
import msgspec

from everyshelf.edge.connect.stripe import translate
from everyshelf.edge.connect.stripe.translate import Intent, Refunds, Request
from everyshelf.payment import Answer, ProviderAnswer, Unheard

T = TypeVar("T")

HOST: Final = "https://api.stripe.com"
VERSION: Final = "2024-06-20"


class Refusal(Exception):
    """Stripe said no; carries its answer."""

    def __init__(self, answer: ProviderAnswer) -> None:
        super().__init__(answer.detail)
        self.answer = answer


class Stripe:
    """The Provider port on Stripe. `ref` is a PaymentIntent, or a payment method before one is."""

    def __init__(self, secret: str, *, host: str = HOST, timeout_s: float = 20) -> None:
        self._http = httpx.Client(
            base_url=host,
            timeout=timeout_s,
            auth=(secret, ""),
            headers={"Stripe-Version": VERSION},
            follow_redirects=False,
        )

    def close(self) -> None:
        """Closes the connection."""
        self._http.close()

    def authorize(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        try:
            if ref.startswith("pi_"):
                intent = self._intent(ref)
                request = translate.increment(key, amount_minor, currency, intent)
            else:
                request = translate.authorize(key, amount_minor, currency, ref)
            return translate.authorized(self._call(request, Intent, key))
        except (Refusal, translate.Unpayable) as no:
            return _refused(no)

    def capture(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        try:
            request = translate.capture(key, amount_minor, currency, self._intent(ref))
            self._call(request, Intent, key)
        except (Refusal, translate.Unpayable) as no:
            return _refused(no)
        return ProviderAnswer(Answer.DONE, f"{ref}:{key}")

    def refund(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        try:
            request = translate.refund(key, amount_minor, currency, ref)
            return translate.refunded(self._call(request, translate.Refund, key))
        except (Refusal, translate.Unpayable) as no:
            return _refused(no)

    def void(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        try:
            self._call(translate.void(ref), Intent, key)
        except Refusal as no:
            return no.answer
        return ProviderAnswer(Answer.DONE, ref)

    def lookup(self, key: str, kind: str, ref: str) -> ProviderAnswer | None:
        """What became of a key, by its tag; None when Stripe shows no trace of it."""
        try:
            return self._refund_of(key, ref) if kind == "refund" else self._trace(key, kind, ref)
        except Refusal as no:
            raise Unheard(no.answer.detail) from no

    def _trace(self, key: str, kind: str, ref: str) -> ProviderAnswer | None:
        if not ref.startswith("pi_"):
            return None  # Stripe's own Idempotency-Key keeps a second try from acting again.
        intent = self._intent(ref)
        if kind == "void":
            released = intent.status in ("canceled", "succeeded")
            return ProviderAnswer(Answer.DONE, ref) if released else None
        if translate.tag(key) not in intent.metadata:
            return None
        name = f"{ref}:{key}" if kind == "capture" else ref
        return ProviderAnswer(Answer.DONE, name)

    def _refund_of(self, key: str, ref: str) -> ProviderAnswer | None:
        after = ""
        while True:
            page = self._call(translate.read_refunds(ref, after), Refunds, "")
            if (found := translate.tagged(page.data, key)) is not None:
                return translate.refunded(found)
            if not page.has_more or not page.data:
                return None
            after = page.data[-1].id

    def _intent(self, ref: str) -> Intent:
        return self._call(translate.read_intent(ref), Intent, "")

    def _call(self, request: Request, kind: type[T], key: str) -> T:
        """One request. Raises Unheard when nobody knows, Refusal when Stripe said no."""
        posting = request.method == "POST"
        try:
            reply = self._http.request(
                request.method,
                f"/v1{request.path}",
                params=None if posting else dict(request.form),
                data=dict(request.form) if posting else None,
                headers={"Idempotency-Key": key} if posting else None,
            )
        except httpx.HTTPError as silence:
            raise Unheard(f"Stripe was not heard: {type(silence).__name__}") from silence
        if reply.status_code in translate.TEMPORARY:
            raise Unheard(f"Stripe answered {reply.status_code}.")
        if not reply.is_success:
            raise Refusal(translate.declined(reply.content, reply.status_code))
        try:
            return msgspec.json.decode(reply.content, type=kind)
        except msgspec.DecodeError as odd:
            raise Unheard("Stripe's answer could not be read.") from odd


def _refused(no: Exception) -> ProviderAnswer:
    return no.answer if isinstance(no, Refusal) else ProviderAnswer(Answer.DECLINED, "", str(no))

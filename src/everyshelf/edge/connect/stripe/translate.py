"""Stripe's words for ours and back. Pure: requests as data, answers from data.

Amounts: Stripe counts ISK and UGX in hundredths although ISO 4217 gives them no decimals, and
takes three-decimal currencies only in tens (docs.stripe.com/currencies).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from everyshelf.base import money
from everyshelf.payment import Answer, ProviderAnswer

HUNDREDTHS: Final = frozenset({"ISK", "UGX"})
TAG: Final = "everyshelf_"
TEMPORARY: Final = frozenset({409, 429, 500, 502, 503, 504})


class Request(msgspec.Struct, frozen=True):
    """One call: method, path under /v1 and form fields."""

    method: str
    path: str
    form: tuple[tuple[str, str], ...] = ()


class Problem(msgspec.Struct, frozen=True):
    """Stripe's error object, the part that a person needs."""

    type: str = ""
    code: str | None = None
    decline_code: str | None = None
    message: str = ""

    def words(self) -> str:
        """One line for the desk."""
        codes = [c for c in (self.code, self.decline_code) if c]
        return f"{', '.join(codes) or self.type}: {self.message}"


class Failure(msgspec.Struct, frozen=True):
    """The body of an answer that is not 2xx."""

    error: Problem = Problem()


class Intent(msgspec.Struct, frozen=True):
    """A PaymentIntent, the part we read."""

    id: str
    status: str
    amount: int = 0
    amount_capturable: int = 0
    amount_received: int = 0
    metadata: dict[str, str] = {}
    last_payment_error: Problem | None = None


class Refund(msgspec.Struct, frozen=True):
    """A refund, the part we read."""

    id: str
    status: str | None = None
    metadata: dict[str, str] = {}
    failure_reason: str | None = None


class Refunds(msgspec.Struct, frozen=True):
    """A page of refunds."""

    data: list[Refund]
    has_more: bool = False


class Unpayable(ValueError):
    """An amount that Stripe cannot move in this currency."""


def amount(minor: int, currency: str) -> int:
    """Our minor units as Stripe counts them."""
    if currency in HUNDREDTHS:
        return minor * 100
    if money.exponent(currency) == 3 and minor % 10:
        raise Unpayable(f"Stripe moves {currency} in steps of 10 minor units, not {minor}.")
    return minor


def tag(key: str) -> str:
    """The metadata name under which an effect is found again."""
    return f"{TAG}{key}"


def authorize(key: str, minor: int, currency: str, method: str) -> Request:
    """A new PaymentIntent on a saved payment method, held for capture in parts."""
    form = {
        "amount": str(amount(minor, currency)),
        "currency": currency.lower(),
        "payment_method": method,
        "capture_method": "manual",
        "confirm": "true",
        "off_session": "true",
        "payment_method_options[card][request_multicapture]": "if_available",
        "payment_method_options[card][request_incremental_authorization]": "if_available",
        f"metadata[{tag(key)}]": str(minor),
    }
    return Request("POST", "/payment_intents", tuple(form.items()))


def increment(key: str, minor: int, currency: str, intent: Intent) -> Request:
    """Authorizes more on the same PaymentIntent; Stripe wants the new total."""
    total = intent.amount + amount(minor, currency)
    form = (("amount", str(total)), (f"metadata[{tag(key)}]", str(minor)))
    return Request("POST", f"/payment_intents/{intent.id}/increment_authorization", form)


def capture(key: str, minor: int, currency: str, intent: Intent) -> Request:
    """Takes a part; the last part closes the authorization."""
    wanted = amount(minor, currency)
    form = (
        ("amount_to_capture", str(wanted)),
        ("final_capture", "true" if wanted >= intent.amount_capturable else "false"),
        (f"metadata[{tag(key)}]", str(minor)),
    )
    return Request("POST", f"/payment_intents/{intent.id}/capture", form)


def refund(key: str, minor: int, currency: str, ref: str) -> Request:
    """Gives a part back to where it came from."""
    form = (
        ("payment_intent", ref),
        ("amount", str(amount(minor, currency))),
        (f"metadata[{tag(key)}]", str(minor)),
    )
    return Request("POST", "/refunds", form)


def void(ref: str) -> Request:
    """Releases what is not captured; what was captured stays."""
    form = (("cancellation_reason", "abandoned"),)
    return Request("POST", f"/payment_intents/{ref}/cancel", form)


def read_intent(ref: str) -> Request:
    """The PaymentIntent as it stands."""
    return Request("GET", f"/payment_intents/{ref}")


def read_refunds(ref: str, after: str = "") -> Request:
    """A page of the refunds of a PaymentIntent, newest first."""
    form = [("payment_intent", ref), ("limit", "100")]
    return Request("GET", "/refunds", tuple(form + ([("starting_after", after)] if after else [])))


def authorized(intent: Intent) -> ProviderAnswer:
    """What a confirmed PaymentIntent says about its authorization."""
    if intent.status in ("requires_capture", "succeeded"):
        return ProviderAnswer(Answer.DONE, intent.id)
    if intent.status == "processing":
        return ProviderAnswer(Answer.PENDING, intent.id, "Stripe is still working on it.")
    problem = intent.last_payment_error
    return ProviderAnswer(
        Answer.DECLINED, intent.id, problem.words() if problem else f"It is {intent.status}."
    )


def refunded(found: Refund) -> ProviderAnswer:
    """What a refund says about itself."""
    if found.status == "succeeded":
        return ProviderAnswer(Answer.DONE, found.id)
    if found.status in ("failed", "canceled"):
        return ProviderAnswer(Answer.DECLINED, found.id, found.failure_reason or found.status)
    return ProviderAnswer(Answer.PENDING, found.id, f"The refund is {found.status}.")


def tagged(refunds: Sequence[Refund], key: str) -> Refund | None:
    """The refund that carries our key."""
    return next((r for r in refunds if tag(key) in r.metadata), None)


def declined(body: bytes, status: int) -> ProviderAnswer:
    """A refusal in Stripe's own words."""
    try:
        words = msgspec.json.decode(body, type=Failure).error.words()
    except msgspec.DecodeError:
        words = f"Stripe answered {status}."
    return ProviderAnswer(Answer.DECLINED, "", words)

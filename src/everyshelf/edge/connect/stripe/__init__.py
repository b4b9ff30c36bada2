"""Stripe as a payment provider: authorizations are PaymentIntents captured by hand, in parts.

Each request carries our key twice: as its Idempotency-Key, so that Stripe acts once, and in the
metadata, so that an unheard outcome can be looked up after Stripe has forgotten the key.
"""

from everyshelf.edge.connect.stripe.wire import Stripe

__all__ = ["Stripe"]

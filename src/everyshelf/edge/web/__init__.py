"""The web face: one declaration per verb, list and detail; one thin file per room declares them.

`declare` says what a route is, `access` who may use it, `endpoints` makes it answer, `openapi`
describes it. Nothing here decides about stock, orders or money.
"""

"""The decision core: pure functions from (problem, policy) to a decision that says why.

Nothing here does I/O, reads a clock or draws an unseeded random number, and nothing imports a room:
live traffic, batches, replays and simulations call exactly the same code.
"""

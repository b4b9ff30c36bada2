"""Benchmarks: `python -m bench` lists them, `python -m bench NAME --json` runs one.

Every file with a `run` is a benchmark. Owns no figure: what is written down elsewhere names the
command that made it. Development only; the package does not carry it.
"""

"""Connectors: one folder a system; translate.py is pure, wire.py does the input and output."""

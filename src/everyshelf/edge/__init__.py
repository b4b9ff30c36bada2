"""The edge: what people and programs touch. It composes rooms; no room imports it.

Owns the tables api_key, webhook, webhook_attempt, import_run, import_quarantine and access_log.
"""

"""The schema: `migrations/` in order, and `schema.sql`, their result, checked equal by a test."""

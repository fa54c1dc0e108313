"""Alembic migrations, run by `store.migrate`; alembic loads the files by their path."""

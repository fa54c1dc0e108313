"""Run by alembic: migrates the database of the connection that `store.migrate` hands over."""

from alembic import context

from taxi_qa.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter a column: tables are rebuilt.
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

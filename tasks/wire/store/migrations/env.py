"""Run by Alembic: within the connection and the transaction of ``tasks.wire.store.migrate``."""
from __future__ import annotations

from alembic import context

from tasks.wire.store.tables import metadata

connection = context.config.attributes["connection"]
transactional = connection.dialect.name != "mariadb"
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=transactional)
with context.begin_transaction():
    context.run_migrations()

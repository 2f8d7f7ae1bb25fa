"""Brings a database to this version's tables. When several processes start at once, one does it and the rest wait."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from tasks.wire.store.engine import WRITES, Database, StoreUnavailable

LOCK_NAME = "uplift_migrate"
LOCK_NUMBER = 0x75706C69        # "upli"
WAIT_S = 120


def migrate(engine: Engine) -> None:
    """Make or update the tables. Raises StoreUnavailable, also for a database of a newer Uplift."""
    script = ScriptDirectory.from_config(_config())
    if _up_to_date(engine, script):
        return
    try:
        with engine.execution_options(**{WRITES: True}).connect() as connection, _alone(connection):
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except DBAPIError as error:
        raise StoreUnavailable("database_not_migrated", f"the database could not be brought up to date: {error.orig}",
                               "see that the user may create tables, then start again") from None


def _up_to_date(engine: Engine, script: ScriptDirectory) -> bool:
    current = Database(engine).read(lambda connection: MigrationContext.configure(connection).get_current_revision())
    known = {revision.revision for revision in script.walk_revisions()}
    if current is not None and current not in known:
        raise StoreUnavailable("database_too_new", f"the database is of a newer Uplift (revision {current})",
                               "upgrade Uplift on this machine")
    return current == script.get_current_head()


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """One migration at a time: the server's advisory lock, or on SQLite the writer's lock itself."""
    kind = connection.dialect.name
    if kind == "sqlite":
        with connection.begin():
            yield
    elif kind == "postgresql":
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_S}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": LOCK_NUMBER})
        yield
    else:
        got = connection.execute(text("SELECT GET_LOCK(:name, :wait)"), {"name": LOCK_NAME, "wait": WAIT_S}).scalar()
        if got != 1:
            raise StoreUnavailable("database_busy", "another process is migrating the database", "wait for its end")
        try:
            yield
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": LOCK_NAME})


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config

"""One set of tables on every server, made once however many start at once, and never by halves."""
from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from tasks.wire.store import Store, StoreUnavailable
from tasks.wire.store.engine import connect, database_url
from tasks.wire.store.tables import metadata
from tests.rules import story as s
from tests.wire.store import writing


def test_the_migrations_make_the_tables_that_the_code_knows(url, store):
    engine = connect(database_url(url))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_eight_processes_that_start_at_once_on_an_empty_database_all_find_it_ready(url, writers):
    created = list(writers.map(writing.migrate_and_open, [url] * 8, range(8)))
    assert created.count(True) == 1


def test_a_migration_that_was_killed_half_way_is_finished_by_the_next(url, run_sql):
    with Store.open(url):
        pass
    for table in ("outbox", "step_runs", "alembic_version"):     # as on MariaDB, which commits each table by itself
        run_sql(f"DROP TABLE {table}")
    with Store.open(url) as store:
        store.open_case(s.opened())
        assert store.messages() == () and store.verify_journal() == ()


def test_a_database_of_a_newer_uplift_is_refused(url, run_sql):
    with Store.open(url):
        pass
    run_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match="of a newer Uplift"):
        Store.open(url)

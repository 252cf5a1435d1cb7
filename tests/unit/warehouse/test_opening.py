"""What SQL of others may reach: the tables of the release, and no other file of the machine."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from school_quality.errors import UsageError
from school_quality.settings import Settings
from school_quality.warehouse.readers import queries
from school_quality.warehouse.readers.opening import open_shut

RELEASE = "20230101T000000Z-hand"


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release beside a secret, with a view and a macro that somebody has put there to read the secret."""
    secret = tmp_path / "pii_key"
    secret.write_text("secret,of\nthe,machine\n")
    folder = tmp_path / "published" / RELEASE
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.dim_school as select range as school_id from range(100000)")
        connection.execute(f"create view marts.stolen as from read_text('{secret}')")
        connection.execute(f"create macro marts.steal() as table from read_csv('{secret}')")
    (folder.parent / "current").symlink_to(RELEASE)
    return folder


READING = [
    "from read_text('{secret}')",
    "from read_blob('{secret}')",
    "from read_csv_auto('{secret}')",
    "from sniff_csv('{secret}')",
    "from '{secret}.csv'",
    "from glob('{root}/*')",
    "from read_parquet('{root}/landing/*.parquet')",
    "from read_blob('{warehouse}')",
    "from marts.stolen",
    "from marts.steal()",
    "attach '{root}/other.duckdb' as other",
    "attach '{warehouse}' as again",
    "import database '{root}'",
    "select getenv('HOME')",
    "from frame",
    "from globals_frame",
    "install httpfs",
    "load httpfs",
]
WRITING = [
    "copy marts.dim_school to '{root}/out.csv'",
    "copy marts.dim_school to '{release}/site.csv'",
    "copy marts.dim_school to '{warehouse}' (use_tmp_file false)",
    "copy marts.dim_school to '{warehouse}.wal' (use_tmp_file false)",
    "copy marts.dim_school to '{warehouse}.tmp/out.csv'",
    "export database '{warehouse}.tmp'",
    "create table marts.more as select 1 as one",
    "create secret s (type s3)",
    "pragma enable_profiling = 'json'",
]
SETTINGS = [
    "set enable_external_access = true",
    "reset enable_external_access",
    "set disabled_filesystems = ''",
    "set python_enable_replacements = true",
    "set temp_directory = '{root}'",
    "set lock_configuration = false",
    "set home_directory = '{root}'",
]

globals_frame = pd.DataFrame({"name": ["a variable of the program"]})


def listing(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("sql", [*READING, *WRITING, *SETTINGS])
def test_a_query_reaches_no_file_but_the_tables_and_writes_none(sql: str, release: Path) -> None:
    root = release.parents[1]
    frame = pd.DataFrame({"name": ["a variable"]})
    asked = sql.format(
        root=root, release=release, warehouse=release / "warehouse.duckdb", secret=root / "pii_key"
    )
    before = listing(root)

    with pytest.raises(UsageError) as refused:
        queries.answer(Settings.load(root), asked)

    assert "machine" not in str(refused.value)
    assert listing(root) == before
    assert len(frame) == 1
    assert queries.answer(Settings.load(root), "select count(*) from marts.dim_school").rows == [(100000,)]


def test_a_query_that_wants_a_file_is_told_what_is_there_instead(release: Path) -> None:
    with pytest.raises(UsageError, match="только таблицы выпуска; ответ в файл: school-quality query"):
        queries.answer(Settings.load(release.parents[1]), "from read_text('/etc/hostname')")


def test_what_analysts_do_without_files_goes_on(release: Path) -> None:
    sql = (
        "create temp table mine as from marts.dim_school where school_id > 10;"
        "set variable least = 99990;"
        "select count(*) from mine where school_id > getvariable('least')"
    )

    found = queries.answer(Settings.load(release.parents[1]), sql)

    assert found.rows == [(9,)]


def test_threads_may_open_one_file_at_once(release: Path) -> None:
    found: list[object] = []

    def ask() -> None:
        for _ in range(20):
            with open_shut(release / "warehouse.duckdb") as connection:
                found.append(connection.execute("select count(*) from marts.dim_school").fetchone())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [(100000,)] * 80


def test_a_file_that_was_open_before_is_shut_with_all_its_connections(release: Path) -> None:
    path = release / "warehouse.duckdb"

    with (
        duckdb.connect(str(path), read_only=True) as earlier,
        open_shut(path),
        pytest.raises(duckdb.PermissionException),
    ):
        earlier.execute("from read_text('/etc/hostname')")

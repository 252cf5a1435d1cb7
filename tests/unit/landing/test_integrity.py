"""Damaged landing is named before anything is built of it, and comes back from the inbox or its copies."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from school_quality import cli, doctor, embedded, landing, pipeline
from school_quality.errors import Damaged
from school_quality.landing import ingest, integrity
from school_quality.landing.landed import keep_up
from school_quality.landing.receipts import (
    COPY,
    RECEIPTS,
    RECORD,
    Receipt,
    chain,
    effective,
    read_receipts,
)
from school_quality.settings import Settings
from school_quality.warehouse.publication import publish, releases
from school_quality.warehouse.publication.releases import Parameters

from .conftest import REGISTER

INDEX = "Код ОО;Отчётный год;ИСБШ\n006003;2022;{}\n006007;2022;40,0\n"
ROWS = Path("rows", "social_index.parquet")

Put = Callable[..., Path]


@pytest.fixture
def batches(settings: Settings, put: Put) -> list[Path]:
    """Three batches: a register, an index, and a correction of the index of one school."""
    found = []
    for name, text in (
        ("Реестр.csv", REGISTER),
        ("ИСБШ.csv", INDEX.format("50,0")),
        ("Правка.csv", INDEX.format("60,0").rsplit("\n", 2)[0] + "\n"),
    ):
        put(name, text)
        seq = ingest(settings, processes=1).seq_after
        found.append(settings.landing / f"{seq:010d}")
    integrity.check(settings)
    return found


def told(settings: Settings) -> list[dict[str, Any]]:
    """The receipts in force as a release tells of them."""
    return [publish.receipt_document(r) for r in effective(read_receipts(settings)).values()]


def index_in_force(settings: Settings) -> dict[str, str]:
    """The index by school, of what is in force, the latest correction counting."""
    order = {r.seq: r.order_seq for r in effective(read_receipts(settings)).values()}
    rows = duckdb.sql(
        f"select seq, school_id, social_index from read_parquet('{settings.landing}/*/{ROWS}')"
    ).fetchall()
    found: dict[str, tuple[int, str]] = {}
    for seq, school, value in rows:
        if seq in order:
            found[school] = max(found.get(school, (0, "")), (order[seq], str(float(value))))
    return {school: value for school, (_, value) in found.items()}


WHOLE = {"6003": "60.0", "6007": "40.0"}


def flip(file: Path) -> None:
    """Turn round one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def repair(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """What the command of the message does."""
    monkeypatch.setattr(embedded, "log_file", lambda: settings.data_root / "log")
    done = CliRunner().invoke(cli.main, ["repair", "--data", str(settings.data_root)])
    return done.exit_code, done.output


@pytest.mark.parametrize("damage", [flip, Path.unlink, lambda file: file.write_bytes(b"")])
@pytest.mark.parametrize("is_old", [False, True], ids=["with a record", "landed by an older version"])
def test_damaged_rows_are_named_with_their_files_and_read_again(
    settings: Settings,
    batches: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], object],
    is_old: bool,
) -> None:
    if is_old:
        if damage is flip:
            pytest.skip("no checksum says that a bit has flipped")
        (batches[1] / RECORD).unlink()
        shutil.rmtree((batches[1] / COPY).parent)
    damage(batches[1] / ROWS)

    with pytest.raises(Damaged) as raised:
        pipeline.build(settings, Parameters.of(2022))
    assert f"landing/{batches[1].name}/rows" in str(raised.value)
    assert "есть в папке приёма: ИСБШ.csv" in str(raised.value)
    assert "school-quality repair" in str(raised.value)

    code, output = repair(settings, monkeypatch)

    assert code == 0, output
    assert "Прочитано ещё раз" in output
    integrity.check(settings)
    assert index_in_force(settings) == WHOLE, "the correction still comes after what it corrects"


def test_rows_whose_file_is_gone_are_in_the_way_until_somebody_decides(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = (settings.inbox / "ИСБШ.csv").rename(settings.data_root / "kept.csv")
    flip(batches[1] / ROWS)

    code, output = repair(settings, monkeypatch)
    assert code == 1
    assert "в папке приёма нет: ИСБШ.csv (" in output
    with pytest.raises(Damaged, match="строк 0, а в квитанциях их 2"):
        integrity.check(settings)

    shutil.copy(kept, settings.inbox / "ИСБШ.csv")
    code, output = repair(settings, monkeypatch)
    assert code == 0, output
    assert index_in_force(settings) == WHOLE


def test_a_file_that_nobody_has_any_more_can_be_withdrawn(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.inbox / "ИСБШ.csv").unlink()
    (batches[1] / ROWS).unlink()
    repair(settings, monkeypatch)

    landing.withdraw(settings, read_receipts(settings)[1].file_id)

    integrity.check(settings)
    assert index_in_force(settings) == {"6003": "60.0"}


def test_rows_that_come_back_from_an_archive_are_whole_again(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = shutil.copytree(settings.landing, settings.data_root / "archive")
    (settings.inbox / "ИСБШ.csv").unlink()
    flip(batches[1] / ROWS)
    assert repair(settings, monkeypatch)[0] == 1

    shutil.copy(archive / batches[1].name / ROWS, batches[1] / ROWS)

    integrity.check(settings)
    assert index_in_force(settings) == WHOLE


@pytest.mark.parametrize("damage", [flip, Path.unlink])
@pytest.mark.parametrize("name", ["receipts.parquet", str(COPY), RECORD])
def test_receipts_come_back_from_their_copy(
    settings: Settings,
    batches: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    damage: Callable[[Path], object],
) -> None:
    before = chain(read_receipts(settings))
    file = batches[1] / name
    if name == RECORD:
        file.write_text("{", encoding="utf-8")
    else:
        damage(file)

    with pytest.raises(Damaged, match=name):
        integrity.check(settings)
    code, output = repair(settings, monkeypatch)

    assert code == 0, output
    integrity.check(settings)
    assert chain(read_receipts(settings)) == before
    assert index_in_force(settings) == WHOLE


def test_only_files_whose_rows_are_damaged_are_named(settings: Settings, put: Put) -> None:
    put("Реестр.csv", REGISTER)
    put("ИСБШ.csv", INDEX.format("50,0"))
    ingest(settings, processes=1)
    flip(settings.landing / "0000000001" / ROWS)

    (found,) = integrity.damages(settings)

    assert [receipt.path for receipt in found.receipts] == ["ИСБШ.csv"]


def test_nothing_is_tried_out_with_damaged_rows(settings: Settings, batches: list[Path]) -> None:
    """``preview``, ``what-if`` and the overlay of new files ask for the same release as a build."""
    with landing.overlay(settings, []) as overlaid:
        pipeline.next_release(overlaid.settings, Parameters.of(2022))
    flip(batches[1] / ROWS)

    with pytest.raises(Damaged):
        pipeline.next_release(settings, Parameters.of(2022))
    with landing.overlay(settings, []) as overlaid, pytest.raises(Damaged):
        pipeline.next_release(overlaid.settings, Parameters.of(2022))


def flip_sum(file: Path) -> None:
    """Change a digit of a sum in a record."""
    document = json.loads(file.read_text(encoding="utf-8"))
    name, digest = next(iter(document["files"].items()))
    document["files"][name] = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    file.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [
        flip_sum,
        lambda file: file.write_text("[]"),
        lambda file: file.write_text("{}"),
        lambda file: file.write_text('{"files": 5}'),
        lambda file: file.write_text('{"files": {"receipts.parquet": ""}, "lost": []}'),
    ],
)
def test_a_damaged_record_costs_no_rows(
    settings: Settings,
    batches: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], object],
) -> None:
    """What it spoke of is whole, and stays where it is, though no file is in the inbox any more."""
    shutil.rmtree(settings.inbox)
    damage(batches[1] / RECORD)

    assert [found.file for found in integrity.damages(settings)] == [batches[1] / RECORD]
    code, output = repair(settings, monkeypatch)

    assert code == 0, output
    integrity.check(settings)
    assert index_in_force(settings) == WHOLE


@pytest.mark.parametrize("name", ["0000000004", "9", "0000000002 (копия)", "copy"])
def test_a_copy_of_a_batch_is_named_and_set_aside(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """dbt would read its rows once more."""
    copy = shutil.copytree(batches[1], settings.landing / name)

    for thoroughly in (True, False):
        found = integrity.damages(settings, thoroughly=thoroughly)
        assert copy in {damage.file for damage in found}
    with pytest.raises(Damaged, match="приём не начат"):
        pipeline.ingest(settings)
    code, output = repair(settings, monkeypatch)

    assert code == 0, output
    assert not copy.exists()
    assert [r.seq for r in read_receipts(settings)] == [1, 2, 3]
    integrity.check(settings)


def test_what_is_only_too_much_needs_no_backup(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.landing / "копия").mkdir()
    shutil.copy(batches[1] / ROWS, batches[1] / "rows" / "social_index-2.parquet")

    def told() -> list[str]:
        checks = [each for each in doctor.examine(settings) if each.subject == "Принятые строки"]
        status = CliRunner().invoke(cli.main, ["status", "--year", "2022", "--data", str(settings.data_root)])
        (line,) = [line for line in status.output.splitlines() if line.startswith("Что делать: ")]
        return [*{each.advice for each in checks}, line.removeprefix("Что делать: ")]

    assert told() == ["school-quality repair"] * 2
    (batches[1] / ROWS).unlink()
    assert all("из резервной копии" in advice for advice in told())

    assert repair(settings, monkeypatch)[0] == 0
    assert integrity.damages(settings) == []


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(file.read_bytes()[:-9])])
@pytest.mark.parametrize("name", [str(ROWS), "open_rows.parquet", RECEIPTS, str(COPY)])
def test_what_is_missing_or_cut_off_is_seen_without_reading_it(
    settings: Settings,
    batches: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], object],
    name: str,
) -> None:
    """The doctor, the receipt of new files and the status tell of it, none with a traceback."""
    damage(batches[2] / name)

    assert batches[2] / name in {found.file for found in integrity.damages(settings, thoroughly=False)}
    assert any(check.subject == "Принятые строки" and not check.is_well for check in doctor.examine(settings))
    monkeypatch.setattr(embedded, "log_file", lambda: settings.data_root / "log")
    for command in (["ingest"], ["validate"], ["status", "--year", "2022"]):
        done = CliRunner().invoke(cli.main, [*command, "--data", str(settings.data_root)])
        assert done.exit_code == 1, done.output
        assert isinstance(done.exception, SystemExit)
        assert "school-quality repair" in done.output


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(b"PAR1")])
def test_empty_tables_are_written_anew(
    settings: Settings, batches: list[Path], damage: Callable[[Path], object]
) -> None:
    schema = settings.landing / "schema"
    for file in (*schema.glob("*.parquet"), schema / ROWS, settings.rejected / "schema.parquet"):
        damage(file)
        keep_up(settings)
        assert duckdb.sql(f"select count(*) from read_parquet('{file}')").fetchone() == (0,)


def test_remarks_that_are_damaged_are_said_again(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    flip(settings.rejected / f"{batches[1].name}.parquet")

    with pytest.raises(Damaged, match=f"rejected/{batches[1].name}.parquet: файл изменён"):
        integrity.check(settings)
    code, output = repair(settings, monkeypatch)

    assert code == 0, output
    integrity.check(settings)


@pytest.mark.parametrize("is_told", [True, False])
def test_a_batch_that_is_gone_leaves_a_gap_that_is_told_and_filled(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    """With a release that tells of it, its file keeps its place: the correction after it still counts."""
    documents = told(settings) if is_told else []
    monkeypatch.setattr(releases, "told_receipts", lambda _: documents)
    shutil.rmtree(batches[1])

    with pytest.raises(Damaged, match="нет квитанций 2: папка с ними пропала"):
        pipeline.build(settings, Parameters.of(2022))
    code, output = repair(settings, monkeypatch)

    assert code == 0, output
    integrity.check(settings, documents)
    if is_told:
        assert index_in_force(settings) == WHOLE
    else:
        assert "ничего не известно" in output


def test_a_withdrawal_that_is_lost_stays_in_force_where_a_release_knows_it(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch, put: Put
) -> None:
    landing.withdraw(settings, read_receipts(settings)[2].file_id)
    put("Ещё.csv", "Код ОО;Отчётный год;ИСБШ\n006007;2021;30,0\n")
    ingest(settings, processes=1)
    documents = told(settings)
    monkeypatch.setattr(releases, "told_receipts", lambda _: documents)
    shutil.rmtree(settings.landing / "0000000004")

    code, output = repair(settings, monkeypatch)

    assert code == 0, output
    assert [r.path for r in effective(read_receipts(settings)).values() if r.path == "Правка.csv"] == []


def test_files_of_a_release_that_the_log_does_not_know_are_named(
    settings: Settings, batches: list[Path], monkeypatch: pytest.MonkeyPatch, put: Put
) -> None:
    """The log came from an older archive than the release; other files have taken the numbers since."""
    documents = told(settings)
    monkeypatch.setattr(releases, "told_receipts", lambda _: documents)
    shutil.rmtree(batches[2])
    lost = (settings.inbox / "Правка.csv").rename(settings.data_root / "lost.csv")
    put("Другой.csv", "Код ОО;Отчётный год;ИСБШ\n006003;2021;30,0\n")
    ingest(settings, processes=1)

    with pytest.raises(Damaged, match=r"(?s)из которых сделан выпуск.*в папке приёма нет: Правка.csv"):
        pipeline.build(settings, Parameters.of(2022))
    assert repair(settings, monkeypatch)[0] == 1
    shutil.copy(lost, settings.inbox / "Правка.csv")
    code, output = repair(settings, monkeypatch)

    assert code == 0, output
    integrity.check(settings, documents)


def test_what_an_older_version_has_landed_gets_its_record_with_the_next_landing(
    settings: Settings, batches: list[Path]
) -> None:
    for batch in batches:
        (batch / RECORD).unlink()
        shutil.rmtree((batch / COPY).parent)
    before = chain(read_receipts(settings))
    integrity.check(settings)

    ingest(settings, processes=1)

    for batch in batches:
        assert set(json.loads((batch / RECORD).read_text())["files"]) >= {"receipts.parquet", str(COPY)}
    integrity.check(settings)
    assert chain(read_receipts(settings)) == before


def test_nothing_new_is_told_by_the_receipts_and_not_by_their_last_number(
    settings: Settings, batches: list[Path], put: Put
) -> None:
    """Two logs end with the same number and hold other files."""
    one = pipeline.next_release(settings, Parameters.of(2022))
    shutil.rmtree(batches[2])
    (settings.inbox / "Правка.csv").unlink()
    put("Другая правка.csv", INDEX.format("70,0"))
    ingest(settings, processes=1)

    other = pipeline.next_release(settings, Parameters.of(2022))

    assert one.receipt_seq == other.receipt_seq
    assert one.inputs != other.inputs


def test_the_chain_does_not_change_with_a_column_that_receipts_gain(batches: list[Path]) -> None:
    receipts = read_receipts(Settings(batches[0].parents[1]))

    assert chain(receipts) == chain([Receipt(**{f: getattr(r, f) for f in r.__slots__}) for r in receipts])
    assert chain(receipts) != chain(receipts[:-1])
    assert chain(receipts) != chain([*receipts[1:], receipts[0]])

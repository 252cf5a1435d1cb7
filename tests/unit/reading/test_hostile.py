"""Hostile and oddly made files: rejected or read, quickly, in little memory, and never with a guess."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.reading import builders
from tests.unit.reading.conftest import Reader, only_block, rejection
from tests.unit.reading.test_formats import HEADER, ROWS

from school_quality.reading import limits, read_files, scan

Put = Callable[[str, bytes | str], Path]
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


def with_cells(cells: str) -> bytes:
    """A good form with more cells behind its table."""
    data = builders.xlsx(ROWS)
    return builders.with_sheet_xml(
        data, builders.sheet_xml(data).replace("</sheetData>", cells + "</sheetData>")
    )


@pytest.mark.parametrize(
    "cells",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1048576"><c r="T1048576"><v>1</v></c></row>',
        '<row r="4"><c r="XFD1048576"><v>1</v></c></row>',
        "<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
        '<row r="1048576"><c s="0" r="XFD1048576"><v>1</v></c></row>',
        '<row r="1048576"><c r="xfd1048576"><v>1</v></c></row>',
        '<row r="30770"><c r="XZ30770"><v>1</v></c></row>',
        '<row r="1000000">' + "<c><v>1</v></c>" * 30 + "</row>",
    ],
)
def test_a_cell_far_from_the_table_rejects_the_file_before_it_is_read(read: Reader, cells: str) -> None:
    assert rejection(read("far.xlsx", with_cells(cells))) == "sheet_too_large"


@pytest.mark.parametrize("cell", ["C1048576", "S1048576", "AZ299999", "XZ29999"])
def test_a_formatted_empty_cell_within_the_limit_changes_nothing(read: Reader, cell: str) -> None:
    row = cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    reading = read("far.xlsx", with_cells(f'<row r="{row}"><c r="{cell}" s="0"/></row>'))

    assert only_block(reading).row_numbers == [2, 3]


def test_a_million_blank_rows_cost_seconds_and_are_no_rows(read: Reader) -> None:
    blank = "".join(f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(4, 1_000_000))
    started = time.monotonic()

    reading = read("blank.xlsx", with_cells(blank))

    assert only_block(reading).row_numbers == [2, 3]
    assert time.monotonic() - started < 10


def test_cells_without_references_stand_where_they_stand(read: Reader) -> None:
    rows = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{c}</t></is></c>' for c in row) + "</row>" for row in ROWS
    )
    error = '<row><c/><c/><c/><c t="e"><v>#N/A</v></c></row>'
    data = builders.with_sheet_xml(builders.xlsx(ROWS), SHEET.format(rows + error))

    reading = read("form.xlsx", data)

    block = only_block(reading)
    assert block.row_numbers == [2, 3, 4]
    assert block.columns["teachers"] == ["20", "31", "#N/A"]


def test_a_workbook_that_unpacks_to_more_than_a_gigabyte_is_rejected_at_once(read: Reader) -> None:
    started = time.monotonic()

    reading = read("bomb.xlsx", bomb(10_000_000, declared=1_050_000_000))

    assert rejection(reading) == "unpacked_too_large"
    assert time.monotonic() - started < 10


def bomb(size: int, declared: int | None = None) -> bytes:
    """A workbook whose shared strings unpack to ``size`` zeros, and perhaps declare less."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(10_000_000)
    packed = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    good = builders.rezip(builders.xlsx(ROWS), {})
    name = b"xl/sharedStrings2.xml"
    end = good.rfind(b"PK\x05\x06")
    entries, directory_size, directory_at = struct.unpack_from("<HLL", good, end + 10)
    sizes = (0, len(packed), declared if declared is not None else size)
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes, len(name), 0) + name + packed
    central = struct.pack(
        "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes, len(name), 0, 0, 0, 0, 0, directory_at
    )
    directory = good[directory_at : directory_at + directory_size] + central + name
    tail = struct.pack(
        "<4s4H2LH",
        b"PK\x05\x06",
        0,
        0,
        entries + 1,
        entries + 1,
        len(directory),
        directory_at + len(local),
        0,
    )
    return good[:directory_at] + local + directory + tail


def test_a_part_that_lies_about_its_size_is_rejected(read: Reader) -> None:
    assert rejection(read("lie.xlsx", bomb(200_000_000, declared=1000))) in (
        "file_unreadable",
        "unpacked_too_large",
    )


def test_an_encrypted_workbook_is_rejected_for_its_password(read: Reader) -> None:
    assert rejection(read("secret.xlsx", compound({"EncryptedPackage": b"x" * 5000}))) == "file_encrypted"


def test_an_ole_file_without_a_workbook_is_no_table(read: Reader) -> None:
    assert rejection(read("letter.xls", compound({"WordDocument": b"x" * 5000}))) == "not_a_table"


def compound(streams: dict[str, bytes]) -> bytes:
    """A compound file with one large stream, sectors of 512 bytes."""
    ((name, content),) = streams.items()
    count = -(-len(content) // 512)
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + count), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))

    def entry(title: str, kind: int, start: int, size: int) -> bytes:
        raw = title.encode("utf-16-le") + b"\0\0"
        return (
            raw.ljust(64, b"\0")
            + struct.pack("<HBB", len(raw), kind, 1)
            + bytes(48)
            + struct.pack("<IQ", start, size)
        )

    directory = entry("Root Entry", 5, 0xFFFFFFFE, 0) + entry(name, 2, 2, len(content)) + bytes(256)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    return header + struct.pack("<128I", *fat) + directory + content.ljust(count * 512, b"\0")


def test_infinite_numbers_stay_text_that_no_number_is(read: Reader) -> None:
    data = builders.xlsx(ROWS)
    xml = builders.sheet_xml(data).replace("<v>31</v>", "<v>1e309</v>")

    reading = read("infinite.xlsx", builders.with_sheet_xml(data, xml))

    assert only_block(reading).columns["teachers"] == ["20", "inf"]


def test_a_formula_in_a_csv_is_text(read: Reader) -> None:
    text = builders.csv_text([HEADER, ["000101", "2022-2023", 1, "=1+1", "@SUM(A1)"]])

    block = only_block(read("formula.csv", text))

    assert (block.columns["teachers"], block.columns["trained_teachers"]) == (["=1+1"], ["@SUM(A1)"])


def test_a_part_with_entities_expands_nothing(read: Reader) -> None:
    data = builders.ods(ROWS)
    entities = '<!DOCTYPE a [<!ENTITY a "0123456789">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9)
    )
    xml = '<?xml version="1.0"?>' + entities + "]><a>&j;</a>"

    assert read("laughs.ods", builders.rezip(data, {"content.xml": xml.encode()})).rejected


def test_repeated_cells_of_an_ods_count_in_its_extent(read: Reader) -> None:
    data = builders.ods([*ROWS, ["повтор"]])
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        xml = file.read("content.xml").decode()
    cell, row = '<table:table-cell office:value-type="string">', "<table:table-row>"
    wide = cell.replace(">", ' table:number-columns-repeated="16384">')
    tall = row.replace(">", ' table:number-rows-repeated="1000000">')
    repeated = xml.replace(f"{row}{cell}<text:p>повтор", f"{tall}{wide}<text:p>повтор")
    assert repeated != xml

    assert (
        rejection(read("repeat.ods", builders.rezip(data, {"content.xml": repeated.encode()})))
        == "sheet_too_large"
    )


@pytest.mark.parametrize(
    ("entries", "rule"),
    [
        ({"../outside.csv": "Код ОО"}, "path_outside"),
        ({"a/../../outside.csv": "Код ОО"}, "path_outside"),
        ({"..\\outside.csv": "Код ОО"}, "path_outside"),
        ({"/etc/outside.csv": "Код ОО"}, "path_outside"),
        ({"C:/outside.csv": "Код ОО"}, "path_outside"),
        ({f"{n}.csv": "x" for n in range(limits.ENTRIES + 1)}, "too_many_entries"),
        ({}, "file_empty"),
    ],
)
def test_nothing_of_a_bad_archive_is_taken(inbox: Path, put: Put, entries: dict[str, str], rule: str) -> None:
    put("archive.zip", builders.archive({"good.csv": builders.csv_text(ROWS)} | entries if entries else {}))

    (source,) = scan(inbox)

    assert source.path == "archive.zip"
    assert source.rejection is not None
    assert source.rejection.rule == rule
    assert [p.name for p in inbox.parent.rglob("*")] == ["inbox", "archive.zip"]


def test_an_archive_with_a_password_is_rejected(inbox: Path, put: Put) -> None:
    data = bytearray(builders.archive({"form.csv": builders.csv_text(ROWS)}))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    put("archive.zip", bytes(data))

    (source,) = scan(inbox)

    assert source.rejection is not None
    assert source.rejection.rule == "file_encrypted"


def test_a_huge_directory_is_rejected_without_being_read(inbox: Path, put: Put) -> None:
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 65535, 65535, 60_000_000, 4, 0)
    put("archive.zip", b"PK\x03\x04" + bytes(60_000_000) + tail)
    started = time.monotonic()

    (source,) = scan(inbox)

    assert source.rejection is not None
    assert source.rejection.rule == "too_many_entries"
    assert time.monotonic() - started < 5


def test_an_archive_within_an_archive_is_rejected_and_its_neighbours_are_not(inbox: Path, put: Put) -> None:
    inner = builders.archive({"form.csv": builders.csv_text(ROWS)})
    put("archive.zip", builders.archive({"inner.zip": inner, "form.csv": builders.csv_text(ROWS)}))

    found = {s.path: s.rejection and s.rejection.rule for s in scan(inbox)}

    assert found == {"archive.zip/inner.zip": "nested_archive", "archive.zip/form.csv": None}


def test_a_file_over_200_megabytes_is_rejected_unread(inbox: Path) -> None:
    with (inbox / "large.csv").open("wb") as file:
        file.truncate(201 * 1024 * 1024)

    (source,) = scan(inbox)

    assert source.rejection is not None
    assert source.rejection.rule == "file_too_large"


def far_row(row: int, column: int) -> bytes:
    return builders.record(0, struct.pack("<I", row) + bytes(21)) + builders.xlsb_cell(column, 1)


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (far_row(1_048_575, 16_383), "sheet_too_large"),
        (far_row(4_294_967_295, 4_294_967_295), "sheet_too_large"),
        (far_row(1_048_575, 19), "sheet_too_large"),
        (builders.record(62, struct.pack("<IIB", 0, 0, 0) + builders.wide("текст")), "file_unreadable"),
        (builders.record(5, b"\x00"), "file_unreadable"),
        (b"\x05\xff\xff\xff\x7f", "file_unreadable"),
    ],
)
def test_an_xlsb_with_far_or_damaged_cells_is_refused_before_it_is_read(
    read: Reader, more: bytes, rule: str
) -> None:
    assert rejection(read("hostile.xlsb", builders.xlsb(ROWS, more))) == rule


@pytest.mark.parametrize("name", ["xl/workbook.bin", "xl/worksheets/sheet1.bin", "xl/styles.bin"])
def test_an_xlsb_whose_parts_are_cut_off_is_refused(read: Reader, name: str) -> None:
    whole = builders.xlsb(ROWS)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        part = archive.read(name)

    assert read("cut.xlsb", builders.rezip(whole, {name: part[:-10]})).rejected


def test_an_xlsb_that_promises_more_texts_than_it_has_is_refused(inbox: Path, put: Put) -> None:
    data = builders.xlsb(ROWS)
    texts = builders.record(159, struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF))
    put("promise.xlsb", builders.archive({**unzipped(data), "xl/sharedStrings.bin": texts}))

    (reading,) = read_files(scan(inbox))

    assert reading.rejected


def unzipped(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_xlsb_that_declares_a_huge_extent_is_read_by_its_cells(read: Reader) -> None:
    data = builders.xlsb(ROWS, extent=struct.pack("<4I", 0, 4_294_967_295, 0, 4_294_967_295))

    assert only_block(read("extent.xlsb", data)).row_numbers == [2, 3]

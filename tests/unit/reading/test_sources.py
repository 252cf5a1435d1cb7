"""The inbox: what is looked at, what is left alone, what an archive holds."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.reading import builders
from tests.unit.reading.test_formats import ROWS

from school_quality.model import Context
from school_quality.reading import Look, PassedOver, SourceChanged, look, scan, sources
from school_quality.reading.reader import read_here

Put = Callable[[str, bytes | str], Path]
FORM = builders.csv_text(ROWS)


def test_everything_in_sub_folders_is_found_with_its_context(inbox: Path, put: Put) -> None:
    put("2022/5/Математика.csv", FORM)
    put("form.csv", FORM)

    found = {s.path: s.context for s in scan(inbox)}

    assert found == {"2022/5/Математика.csv": Context(2022, 5, "math"), "form.csv": Context()}


@pytest.mark.parametrize(
    "name",
    [
        "~$form.xlsx",
        ".form.csv",
        ".~lock.form.xlsx#",
        "form.csv.part",
        "form.tmp",
        "form.csv.crdownload",
        "Thumbs.db",
        ".git/form.csv",
        "__MACOSX/form.csv",
    ],
)
def test_hidden_and_temporary_files_are_left_alone(inbox: Path, put: Put, name: str) -> None:
    put(name, FORM)

    assert scan(inbox) == []


def test_files_come_in_the_order_of_their_time_then_path(inbox: Path, put: Put) -> None:
    for name, moment in (("b.csv", 100), ("a.csv", 200), ("d/c.csv", 100)):
        os.utime(put(name, FORM), (moment, moment))

    assert [s.path for s in scan(inbox)] == ["b.csv", "d/c.csv", "a.csv"]


def reasons(found: Look) -> dict[str, str]:
    return {each.path: each.reason for each in found.passed_over}


def test_a_young_file_is_left_for_the_next_time(inbox: Path, put: Put) -> None:
    file = put("form.csv", FORM)

    found = look(inbox, quiet_seconds=120)
    os.utime(file, (time.time() - 200, time.time() - 200))

    assert (found.sources, reasons(found)) == ([], {"form.csv": "young"})
    assert [s.path for s in look(inbox, quiet_seconds=120).sources] == ["form.csv"]


@pytest.mark.parametrize(("ahead", "reason"), [(0, "young"), (7200, "future")])
def test_a_wrong_clock_delays_a_file_once(
    inbox: Path, put: Put, monkeypatch: pytest.MonkeyPatch, ahead: int, reason: str
) -> None:
    os.utime(put("form.csv", FORM), (time.time() + ahead, time.time() + ahead))
    steady = time.monotonic()

    first = look(inbox, quiet_seconds=120)
    monkeypatch.setattr(time, "monotonic", lambda: steady + 100)
    soon = look(inbox, quiet_seconds=120, young=first.young)
    monkeypatch.setattr(time, "monotonic", lambda: steady + 200)
    later = look(inbox, quiet_seconds=120, young=soon.young)

    assert [reasons(found) for found in (first, soon, later)] == [{"form.csv": reason}] * 2 + [{}]
    assert [s.path for s in later.sources] == ["form.csv"]


def test_a_file_that_goes_on_changing_is_left_however_long_it_takes(
    inbox: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("form.csv", FORM)
    first = look(inbox, quiet_seconds=120)
    put("form.csv", FORM * 2)
    monkeypatch.setattr(time, "monotonic", lambda: next(iter(first.young.values()))[2] + 1000)

    assert reasons(look(inbox, quiet_seconds=120, young=first.young)) == {"form.csv": "young"}


def test_by_hand_a_file_is_read_at_once_whatever_the_clock_says(inbox: Path, put: Put) -> None:
    os.utime(put("form.csv", FORM), (time.time() + 7200, time.time() + 7200))

    found = look(inbox)

    assert ([s.path for s in found.sources], found.passed_over) == (["form.csv"], [])


def test_what_may_not_be_read_is_named_and_the_rest_is_read(
    inbox: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, broken, folder = (str(put(name, FORM)) for name in ("a.csv", "б/b.csv", "closed/c.csv"))
    put("d.csv", FORM)
    os.mkfifo(inbox / "pipe.csv")
    real_open, real_scandir = os.open, os.scandir

    def refused(path: str, *arguments: int) -> int:
        if path == closed:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        if path == broken:
            raise OSError(errno.EIO, "Input/output error", path)
        return real_open(path, *arguments)

    def unlisted(path: str) -> Any:
        if path == str(Path(folder).parent):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real_scandir(path)

    monkeypatch.setattr(os, "open", refused)
    monkeypatch.setattr(os, "scandir", unlisted)

    found = look(inbox)

    assert [s.path for s in found.sources] == ["d.csv"]
    assert found.passed_over == [
        PassedOver("a.csv", "no_access"),
        PassedOver("closed/", "no_access"),
        PassedOver("pipe.csv", "special"),
        PassedOver("б/b.csv", "unreadable", "Input/output error"),
    ]


def test_links_are_followed_to_files_of_the_inbox_and_nowhere_else(
    inbox: Path, put: Put, tmp_path: Path
) -> None:
    inside = put("form.csv", FORM)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.csv").write_text(FORM)
    for name, target in {
        "same.csv": inside,
        "nowhere.csv": inbox / "nothing",
        "file.csv": outside / "secret.csv",
        "folder": outside,
        "round": inbox,
        "up.csv": Path("..") / "outside" / "secret.csv",
        "over.csv": outside / ".." / "inbox" / "folder" / "secret.csv",
    }.items():
        (inbox / name).symlink_to(target)

    found = look(inbox)

    assert [s.path for s in found.sources] == ["form.csv", "same.csv"]
    assert reasons(found) == dict.fromkeys(
        ("file.csv", "folder", "nowhere.csv", "over.csv", "round", "up.csv"), "link"
    )


def test_an_inbox_that_is_a_link_itself_is_looked_into(inbox: Path, put: Put, tmp_path: Path) -> None:
    (inbox / "same.csv").symlink_to(put("form.csv", FORM))
    (tmp_path / "link").symlink_to(inbox, target_is_directory=True)

    found = look(tmp_path / "link")

    assert ([s.path for s in found.sources], found.passed_over) == (["form.csv", "same.csv"], [])


def test_a_file_that_is_closed_to_us_since_the_scan_is_left_for_the_next_time(
    inbox: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("form.csv", FORM)
    (source,) = scan(inbox)

    def refused(file: str) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", file)

    monkeypatch.setattr(sources, "_load_file", refused)

    with pytest.raises(SourceChanged):
        read_here(source)


@pytest.mark.parametrize("kind", ["flock", "lockf"])
def test_a_file_that_another_process_holds_locked_is_left_for_the_next_time(
    inbox: Path, put: Put, kind: str
) -> None:
    file = put("form.csv", FORM)
    put("other.csv", FORM)
    lock = f"f = open(sys.argv[1], 'r+'); fcntl.{kind}(f, fcntl.LOCK_EX)"
    code = f"import fcntl, sys; {lock}; print('locked', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()

    while_locked = look(inbox)
    holder.communicate("\n")

    assert [s.path for s in while_locked.sources] == ["other.csv"]
    assert reasons(while_locked) == {"form.csv": "locked"}
    assert [s.path for s in scan(inbox)] == ["form.csv", "other.csv"]


def test_scanning_keeps_no_lock(inbox: Path, put: Put) -> None:
    file = put("form.csv", FORM)

    scan(inbox)

    with file.open("r+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_file_that_changed_since_the_scan_is_not_read(inbox: Path, put: Put) -> None:
    file = put("form.csv", FORM)
    (source,) = scan(inbox)
    file.write_text(FORM + "000103;2022-2023;1;5;5\r\n")

    with pytest.raises(SourceChanged):
        read_here(source)
    file.unlink()
    with pytest.raises(SourceChanged):
        read_here(source)


def test_the_same_content_has_the_same_id_loose_and_in_an_archive(inbox: Path, put: Put) -> None:
    put("form.csv", FORM)
    put("архив.zip", builders.archive({"Формы/Обучающиеся.csv": FORM}))

    loose, packed = sorted(scan(inbox), key=lambda s: s.path)

    assert packed.path == "архив.zip/Формы/Обучающиеся.csv"
    assert (packed.file_id, packed.context) == (loose.file_id, loose.context)
    assert read_here(packed).blocks == read_here(loose).blocks


def test_entry_names_in_cp866_without_the_flag_are_russian(inbox: Path, put: Put) -> None:
    data = builders.archive({"XXXX/YYYYYY 2022.csv": FORM})
    name = "2022/Химия 2022.csv".encode("cp866")
    put(
        "архив.zip",
        data.replace(b"XXXX/YYYYYY 2022.csv", name.ljust(20, b"x")[:20].replace(b"csvx", b"csv ")),
    )

    (source,) = scan(inbox)

    assert source.path.startswith("архив.zip/2022/Химия 2022.csv")
    assert source.context.subject == "chemistry"


def test_hidden_entries_and_folders_of_an_archive_are_left_alone(inbox: Path, put: Put) -> None:
    put(
        "a.zip",
        builders.archive({"x/": "", "x/form.csv": FORM, "__MACOSX/x/._form.csv": "x", "~$form.xlsx": "x"}),
    )

    assert [s.path for s in scan(inbox)] == ["a.zip/x/form.csv"]


def test_a_workbook_called_zip_is_a_workbook(inbox: Path, put: Put) -> None:
    put("form.zip", builders.xlsx(ROWS))

    (source,) = scan(inbox)

    assert source.path == "form.zip"
    assert read_here(source).dataset == "form_teacher_courses"


def test_a_damaged_entry_rejects_the_archive(inbox: Path, put: Put) -> None:
    data = bytearray(builders.archive({"form.csv": FORM * 10}))
    data[60] ^= 0xFF
    put("a.zip", bytes(data))

    (source,) = scan(inbox)

    assert source.rejection is not None
    assert source.rejection.rule == "file_unreadable"


def test_many_entries_of_one_archive_are_all_read(inbox: Path, put: Put) -> None:
    entries = {f"{n}.csv": FORM.replace("000102", f"{n:06}") for n in range(300)}
    put("a.zip", builders.archive(entries, zipfile.ZIP_STORED))

    readings = [read_here(s) for s in scan(inbox)]

    assert len({r.file_id for r in readings}) == 300
    assert all(r.dataset == "form_teacher_courses" for r in readings)


def test_a_name_in_another_encoding_is_named_and_the_rest_is_read(inbox: Path, put: Put) -> None:
    put("б/форма.csv", FORM)
    (inbox / os.fsdecode("Формы.csv".encode("cp1251"))).write_text(FORM)

    found = look(inbox)

    assert [s.path for s in found.sources] == ["б/форма.csv"]
    assert [(each.path[-4:], each.reason) for each in found.passed_over] == [(".csv", "name")]
    assert found.passed_over[0].path.isprintable()


def test_a_file_that_becomes_a_link_after_its_folder_was_listed_is_not_followed(
    inbox: Path, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put("form.csv", FORM)
    (tmp_path / "secret.csv").write_text(FORM)
    real_open = os.open

    def swapped(path: str, *arguments: int) -> int:
        file.unlink()
        file.symlink_to(tmp_path / "secret.csv")
        return real_open(path, *arguments)

    monkeypatch.setattr(os, "open", swapped)

    found = look(inbox)

    assert (found.sources, reasons(found)) == ([], {"form.csv": "unreadable"})

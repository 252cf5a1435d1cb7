"""Pseudonyms: the same pupil from every spelling, nobody without the key."""

from __future__ import annotations

import hmac
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from school_quality.errors import UsageError
from school_quality.reading import pseudonyms
from school_quality.reading.pseudonyms import Pseudonyms, document_digits, full_name


@given(st.binary(min_size=1, max_size=100), st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_a_pseudonym_is_half_an_hmac_sha256(key: bytes, parts: list[str]) -> None:
    expected = hmac.digest(key, "\x1f".join(parts).encode("utf-8", "surrogatepass"), "sha256")[:16].hex()

    assert Pseudonyms(key).of(*parts) == expected


@pytest.mark.parametrize(
    "parts",
    [
        ("0012 004521",),
        ("", "0012", "004521"),
        ("", "12.0", "4521.0"),
        ("", "12,0", "4521,00"),
        ("12,0 4521.0",),
        ("", "12", "4521"),
        ("12004521",),
    ],
)
def test_a_document_is_the_same_digits_however_it_came(parts: tuple[str, ...]) -> None:
    assert document_digits(*parts) == "12004521"


@pytest.mark.parametrize("parts", [("",), ("нет",), ("0000 000000",), ("", "", "")])
def test_no_digits_are_no_document(parts: tuple[str, ...]) -> None:
    assert document_digits(*parts) == ""


def test_names_are_one_whatever_their_case_spaces_and_yo() -> None:
    assert full_name(" Алёхин ", "ПЁТР", "Ильич  кызы") == full_name("алехин", "Петр", "ильич кызы")
    assert full_name("", "", "Ильич") == ""


def test_with_a_document_the_school_does_not_matter_and_without_one_it_does() -> None:
    names = [full_name("Иванов", "Иван", "")] * 4

    ids, name_ids = Pseudonyms(b"key").participants(names, ["1", "1", "", ""], ["101", "102", "101", "102"])

    assert ids[0] == ids[1]
    assert ids[2] != ids[3]
    assert ids[2] == name_ids[0]
    assert all(len(i) == 32 for i in [*ids, *name_ids])


def test_a_code_of_vpr_is_another_pupil_in_another_school_or_work() -> None:
    made = Pseudonyms(b"key")

    first = made.pupils(["1", "1", "2", "1"], ["50001", "50002", "50001", ""], "2021|5|math")

    assert len(set(first[:3])) == 3
    assert first[3] == ""
    assert made.pupils(["1"], ["50001"], "2021|6|math")[0] not in first


def test_the_key_is_made_once_with_mode_0600(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "config" / "key"
    monkeypatch.delenv("SCHOOL_QUALITY_PII_KEY")
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY_FILE", str(file))

    key = pseudonyms.load_key()

    assert len(key) == 64
    assert pseudonyms.load_key() == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in file.parent.iterdir()] == ["key"]


def test_processes_that_start_together_end_up_with_one_key(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "SCHOOL_QUALITY_PII_KEY"}
    environment["SCHOOL_QUALITY_PII_KEY_FILE"] = str(tmp_path / "key")
    code = "from school_quality.reading.pseudonyms import load_key; print(load_key().decode())"

    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment)
        for _ in range(4)
    ]
    keys = {process.communicate()[0] for process in started}

    assert len(keys) == 1


def test_an_empty_key_file_is_an_error_and_no_new_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.touch()
    monkeypatch.delenv("SCHOOL_QUALITY_PII_KEY")
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY_FILE", str(file))

    with pytest.raises(UsageError, match="пуст"):
        pseudonyms.load_key()

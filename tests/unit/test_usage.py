"""What a user gets wrong on the command line is answered in Russian, also where click itself answers."""

from __future__ import annotations

import ast
import gettext
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner

from school_quality.cli import main
from school_quality.translation import DOMAIN, LOCALE, russian

CATALOGUE = LOCALE / "ru" / "LC_MESSAGES" / f"{DOMAIN}.po"


@pytest.fixture(autouse=True)
def english_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("bild", "Команды 'bild' нет. Может быть, 'build'?"),
        ("--data x", "Параметра '--data' нет."),
        ("status --yeer=3", "Параметра '--yeer' нет. Может быть, '--year'?"),
        ("status", "Не указано '--year'."),
        ("status --year", "После '--year' нужно значение."),
        ("status --year 20x2", "'--year': '20x2' — не целое число."),
        ("what-if --year 2022 --min-participants few", "'--min-participants': 'few' — не целое число."),
        ("explain --year 2022", "Не указано 'ШКОЛА'."),
        ("explain 5 --year 2022", "Не указано 'ПОКАЗАТЕЛЬ'."),
        ("doctor now please", "Лишнее в команде: now please"),
        ("doctor now", "Лишнее в команде: now"),
        ("doctor --help=yes", "Параметр '--help' пишется без значения."),
        ("publish --to oracle", "'--to': 'oracle' нельзя, можно 'postgres'."),
        ("preview no/such.csv", "файла 'no/such.csv' нет, проверьте путь."),
        ("preview .", "'.' — папка, а нужен файл."),
        ("diff a b --workbook .", "'.' — папка, а нужен файл."),
    ],
)
def test_a_wrong_command_is_answered_in_russian_with_code_2(
    command: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(main, command.split(), prog_name="school-quality")

    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("Ошибка: ")
    assert done.stderr.endswith(f": {answer}\n")
    assert not re.search("Usage|Try|Error|Invalid|Missing|No such", done.stderr)


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "form.csv"
    file.touch()
    monkeypatch.setattr(
        os, "access", lambda path, mode: False
    )  # the administrator's tests may read everything

    done = CliRunner().invoke(main, ["query", str(file)])

    assert done.exit_code == 2
    assert f"файл '{file}' нельзя прочитать: нет права." in done.stderr


@pytest.mark.parametrize("command", ["", *sorted({*main.commands} - {"metrics"})])
def test_help_is_in_russian_throughout_but_for_that_of_metricflow(command: str) -> None:
    done = CliRunner().invoke(main, [*command.split(), "--help"], prog_name="school-quality")

    assert done.exit_code == 0
    assert done.stdout.startswith(f"Вызов: school-quality {command}".rstrip())
    assert "Показать эту справку." in done.stdout
    assert not re.search("Usage|OPTIONS|COMMAND|Options|Commands|required|Show", done.stdout)


def test_the_language_of_the_process_is_its_own_again_afterwards() -> None:
    with russian():
        assert os.environ["LANGUAGE"] == "ru"

    assert os.environ["LANGUAGE"] == "en"
    assert gettext.textdomain() != DOMAIN


def test_the_compiled_catalogue_is_that_of_its_source() -> None:
    """Otherwise: the command at the head of the source."""
    with CATALOGUE.open("rb") as file:
        source = read_po(file)
    compiled = gettext.translation(DOMAIN, LOCALE, ["ru"])

    for message in filter(lambda message: message.id, source):
        one, *several = message.id if message.pluralizable else (message.id,)
        if several:
            found = tuple(compiled.ngettext(one, several[0], number) for number in (1, 2, 5))
            assert found == message.string
        else:
            assert compiled.gettext(one) == message.string


def test_every_message_of_the_catalogue_is_one_of_click() -> None:
    """After a new click: what it says otherwise now is to be translated anew."""
    known = {"required", *said_by_click()}
    with CATALOGUE.open("rb") as file:
        translated = [message.id for message in read_po(file) if message.id]

    assert [message for message in translated if message not in known] == []


def said_by_click() -> Iterator[str | tuple[str, ...]]:
    """The messages that click looks up; those with a plural are pairs."""
    for file in Path(inspect.getfile(click)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in {"_", "ngettext"}:
                texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
                yield texts[0] if len(texts) == 1 else tuple(texts)

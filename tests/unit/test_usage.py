"""What a user gets wrong on the command line is answered in Russian, also where click itself answers."""

from __future__ import annotations

import ast
import errno
import gettext
import inspect
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner
from unit.warehouse.small import publish, release

from school_quality import pipeline
from school_quality.cli import NewFile, main
from school_quality.settings import Settings
from school_quality.translation import DOMAIN, LOCALE, russian
from school_quality.warehouse import scenarios
from school_quality.warehouse.readers import metrics

CATALOGUE = LOCALE / "ru" / "LC_MESSAGES" / f"{DOMAIN}.po"


@pytest.fixture(autouse=True)
def english_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("LANGUAGE", "en")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "data")


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
        ("diff a b --workbook no/such.xlsx", "папки 'no' нет, создайте её или укажите другую."),
        ("what-if --year 2022 --min-participants 0", "0 не подходит, нужно x>=1."),
        ("releases --data {file}", "'{file}' — файл, а нужна папка."),
    ],
)
def test_a_wrong_command_is_answered_in_russian_with_code_2(
    command: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a_file").touch()
    command, answer = (text.replace("{file}", "a_file") for text in (command, answer))

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
    assert f"'{file}' нельзя прочитать: нет права." in done.stderr


@pytest.mark.parametrize("command", ["build", "run", "status", "templates", "explain 5 1.1", "what-if"])
def test_a_year_that_cannot_be_is_told_by_every_command_that_asks_for_one(command: str) -> None:
    done = CliRunner().invoke(main, [*command.split(), "--year", "1800"])

    assert (done.exit_code, done.stderr) == (2, "Отчётный год 1800 вне пределов 2010-2100.\n")


@pytest.mark.parametrize(
    ("refusal", "answer"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "на диске кончилось место"),
        (PermissionError(errno.EACCES, "Permission denied", "/data/rejected"), "/data/rejected: нет права"),
        (OSError(errno.EROFS, "Read-only file system", "/data"), "/data: диск только для чтения"),
    ],
)
def test_what_the_disk_refuses_is_a_message_and_not_a_traceback(
    refusal: OSError, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(settings: Settings) -> None:
        raise refusal

    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setattr(pipeline, "validate", refuse)

    done = CliRunner().invoke(main, ["validate", "--data", str(tmp_path)])

    assert done.exit_code == 1
    assert done.stderr.startswith(answer)
    assert "school-quality doctor" in done.stderr


def test_a_run_into_a_folder_that_may_not_be_written_ends_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the administrator, as whom tests may run, may write everywhere
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)

    done = CliRunner().invoke(main, ["run", "--year", "2022", "--data", str(tmp_path)])

    assert done.exit_code == 2
    assert f"В папку данных {tmp_path} нельзя писать" in done.stderr


@pytest.mark.parametrize("command", ["releases", "verify {id}", "diff {id} {id}", "rollback {id}"])
def test_a_damaged_manifest_is_a_message_that_names_the_file(
    command: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    folder = publish(settings, first := release(1, settings))
    (folder / "manifest.json").unlink()
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    arguments = command.replace("{id}", first.release_id).split()

    done = CliRunner().invoke(main, [*arguments, "--data", str(settings.data_root)])

    assert done.exit_code == 1
    assert f"{first.release_id}/manifest.json" in done.output
    assert "повреждён" in done.output
    assert "school-quality repair" in done.output


@pytest.mark.parametrize("command", ["explain 17 1.1 --year 2022", "query {file}"])
def test_a_damaged_warehouse_is_a_message_that_names_the_file(
    command: str, settings: Settings, tmp_path: Path
) -> None:
    folder = publish(settings, release(1, settings))
    whole = (folder / "warehouse.duckdb").read_bytes()
    (folder / "warehouse.duckdb").unlink()
    (folder / "warehouse.duckdb").write_bytes(whole[:1000])
    file = tmp_path / "query.sql"
    file.write_text("select 1", encoding="utf-8")
    arguments = command.replace("{file}", str(file)).split()

    done = CliRunner().invoke(main, [*arguments, "--data", str(settings.data_root)])

    assert done.exit_code == 1
    assert done.stderr.startswith("Файл с данными не читается: ")
    assert "warehouse.duckdb" in done.stderr
    assert "school-quality repair" in done.stderr


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (b"", "В файле нет ни одного запроса SQL."),
        (b"-- later", "В файле нет ни одного запроса SQL."),
        ("select 'школа'".encode("cp1251"), "не в кодировке UTF-8"),
        (b"select no_such_column from marts.dim_school", "Запрос не выполнен"),
        (b"select cast(school_name as integer) from marts.dim_school", "Запрос не выполнен"),
    ],
)
def test_a_file_without_a_good_query_is_told(text: bytes, answer: str, settings: Settings) -> None:
    publish(settings, release(1, settings))
    file = settings.data_root / "query.sql"
    file.write_bytes(text)

    done = CliRunner().invoke(main, ["query", str(file), "--data", str(settings.data_root)])

    assert done.exit_code == 2
    assert answer in done.stderr


@pytest.mark.parametrize(
    "command",
    ["query {sql} --csv", "diff a b --workbook", "metrics query --metrics schools --csv", "metrics --csv"],
)
@pytest.mark.parametrize(
    "place", ["published/current", "published/new", "landing", "warehouse", "rejected", "inbox", "", "link"]
)
def test_no_answer_is_written_into_the_data_root(
    command: str, place: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "run", lambda *arguments: pytest.fail("MetricFlow was called"))
    publish(settings, release(1, settings))
    for name in ("published/new", "landing", "warehouse", "rejected", "inbox"):
        (settings.data_root / name).mkdir(parents=True, exist_ok=True)
    (settings.data_root / "link").symlink_to(settings.current)
    monkeypatch.chdir(settings.data_root / place)
    sql = tmp_path / "query.sql"
    sql.write_text("select 1", encoding="utf-8")
    before = set(settings.data_root.rglob("*"))
    arguments = command.replace("{sql}", str(sql)).split()

    done = CliRunner().invoke(main, [*arguments, "answer", "--data", str(settings.data_root)])

    assert done.exit_code == 2, done.output
    assert "туда пишет только система" in done.stderr
    assert set(settings.data_root.rglob("*")) == before


def test_a_link_that_leads_into_the_data_root_is_followed_and_refused(
    settings: Settings, tmp_path: Path
) -> None:
    folder = publish(settings, release(1, settings))
    (tmp_path / "answer.csv").symlink_to(folder / "manifest.json")
    sql = tmp_path / "query.sql"
    sql.write_text("select 1 as x", encoding="utf-8")
    whole = (folder / "manifest.json").read_bytes()
    ask = ["query", str(sql), "--data", str(settings.data_root), "--csv"]

    refused = CliRunner().invoke(main, [*ask, str(tmp_path / "answer.csv")])
    written = CliRunner().invoke(main, [*ask, str(tmp_path / "other.csv")])

    assert (refused.exit_code, written.exit_code) == (2, 0), written.output
    assert (folder / "manifest.json").read_bytes() == whole
    assert (tmp_path / "other.csv").read_text(encoding="utf-8") == "x\n1\n"


def test_metricflow_gets_the_answers_file_as_a_whole_path_and_by_no_other_way(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Sequence[str]] = []
    monkeypatch.setattr(metrics, "run", lambda _, arguments, release_id: given.append(arguments) or 0)
    monkeypatch.chdir(tmp_path)
    ask = ["metrics", "--data", str(settings.data_root), "query", "--metrics", "schools"]

    done = CliRunner().invoke(main, [*ask, "--csv=answer.csv"])
    smuggled = CliRunner().invoke(main, [*ask, "--", "--csv", str(settings.published / "answer.csv")])

    assert (done.exit_code, smuggled.exit_code) == (0, 2), done.output
    assert given == [("query", "--metrics", "schools", "--csv", str(tmp_path / "answer.csv"))]


def test_every_file_that_a_command_writes_for_a_user_is_kept_out_of_the_data_root() -> None:
    """`with_settings` refuses a `NewFile` only."""
    asked = [option.type for command in main.commands.values() for option in command.params]

    written = [each for each in asked if isinstance(each, click.File | click.Path) and each.writable]

    assert len(written) == 3
    assert {type(each) for each in written} == {NewFile}


@pytest.mark.parametrize(
    "command",
    [
        "explain 17 1.1 --year 2022",
        "query {sql}",
        "metrics query",
        "practices",
        "preview {sql}",
    ],
)
@pytest.mark.parametrize("target", ["gone", "/nowhere", None])
def test_a_reader_is_told_what_is_damaged_where_nothing_says_which_release_is_in_force(
    command: str, target: str | None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    publish(settings, release(1, settings))
    settings.current.unlink()
    if target is not None:
        settings.current.symlink_to(target)
    sql = tmp_path / "query.sql"
    sql.write_text("select 1", encoding="utf-8")
    arguments = command.replace("{sql}", str(sql)).split()

    done = CliRunner().invoke(main, [*arguments, "--data", str(settings.data_root)])

    assert done.exit_code == 1, done.output
    assert "Неизвестно, какой выпуск в силе.\n  published/current: ссылк" in done.stderr
    assert "school-quality repair" in done.stderr
    assert "ещё нет" not in done.output


def test_a_preview_of_files_of_which_nothing_is_accepted_says_so_without_a_build(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setattr(scenarios, "aside", lambda *arguments, **variables: pytest.fail("a build"))
    publish(settings, release(1, settings))
    settings.inbox.mkdir()
    file = tmp_path / "не таблица.csv"
    file.write_text("а;б\n1;2\n", encoding="utf-8")

    done = CliRunner().invoke(main, ["preview", str(file), "--data", str(settings.data_root)])

    assert done.exit_code == 0, done.output
    assert "Новых строк нет: списки и баллы остались бы прежними." in done.output


def test_a_release_that_is_not_there_is_told_before_its_check_begins(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))

    done = CliRunner().invoke(main, ["verify", "none", "--data", str(settings.data_root)])

    assert (done.exit_code, done.stdout) == (2, "")
    assert "Выпуска «none» нет" in done.stderr


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

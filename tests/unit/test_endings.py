"""Each ending of a run has its own words and code, by what its steps say and by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from unit.warehouse.small import publish, release

from school_quality import cli, embedded
from school_quality.settings import Settings

STEPS = ("ingest", "validate", "build", "report", "approve", "publish", "copy_to_postgres", "notice")
PUBLISHED, NOTHING_NEW = dict.fromkeys(STEPS, "success"), dict.fromkeys(STEPS, "skipped") | {
    "ingest": "success", "validate": "success", "notice": "success",
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "data")


@pytest.mark.parametrize(
    ("states", "code", "words"),
    [
        (PUBLISHED, 0, ""),
        (NOTHING_NEW, 0, ""),
        (PUBLISHED | {"publish": "failed", "copy_to_postgres": "upstream_failed"}, 1, "не опубликован"),
        (PUBLISHED | {"build": "failed", "publish": "upstream_failed"}, 1, "не опубликован"),
        (NOTHING_NEW | {"ingest": "failed", "build": "upstream_failed"}, 1, "не опубликован"),
        (PUBLISHED | {"copy_to_postgres": "failed"}, 3, "Выпуск опубликован, но копия в PostgreSQL прежняя"),
        (PUBLISHED | {"notice": "failed"}, 3, "Выпуск опубликован, но извещение не написано"),
    ],
    ids=["published", "nothing new", "refused", "nothing to publish", "no disk", "no copy", "no notice"],
)
@pytest.mark.parametrize("readers_get_another", [False, True])
def test_the_steps_decide_the_words_and_the_code(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    states: dict[str, str],
    code: int,
    words: str,
    readers_get_another: bool,
) -> None:
    """Whatever readers got meanwhile from a rollback or from another run."""
    publish(settings, release(1, settings))

    def run_dag(*_: object) -> dict[str, str]:
        if readers_get_another:
            publish(settings, release(2, settings))
        return states

    monkeypatch.setattr(embedded, "run_dag", run_dag)
    monkeypatch.setattr(embedded, "migrate", lambda: False)
    monkeypatch.setattr(embedded, "configure", lambda: None)
    monkeypatch.setattr(embedded, "log_file", lambda: settings.data_root / "log")

    done = CliRunner().invoke(cli.main, ["run", "--year", "2022", "--data", str(settings.data_root)])

    assert done.exit_code == code, done.output
    assert words in done.output
    assert ("опубликован" in done.output) == bool(words)
    if code == 1:
        current = settings.current.resolve().name
        assert f"в силе остаётся {current}" in done.output

"""What the bench of landing makes where there are no real exports beside the project."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from school_quality.landing import ingest
from school_quality.settings import Settings

BENCH = Path(__file__).resolve().parents[2] / "bench" / "landing.py"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The bench with small files, and nothing beside the project."""
    monkeypatch.setenv("SCHOOL_QUALITY_PII_KEY", "a key for tests")
    spec = importlib.util.spec_from_file_location("bench_landing", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    small = {"REAL": tmp_path / "nothing", "COPIES": 2, "INVENTED_ROWS": 12, "INVENTED_SCHOOLS": 3}
    for name, value in small.items():
        monkeypatch.setattr(module, name, value)
    return module


def test_invented_exports_land_whole_and_each_is_another_file(bench: ModuleType, tmp_path: Path) -> None:
    inbox, warm = tmp_path / "data" / "inbox", tmp_path / "warm"
    inbox.mkdir(parents=True)
    warm.mkdir()

    bench.make_real(inbox, warm)
    report = ingest(Settings(tmp_path / "data"), processes=1)

    exports = [r for r in report.landed if r.dataset == "vpr_results"]
    assert len({r.file_id for r in exports}) == len(bench.INVENTED) * bench.COPIES
    assert {(r.outcome, r.rows_accepted) for r in exports} == {("accepted", 12)}
    assert len(list(warm.iterdir())) == len(bench.INVENTED)


def test_forms_of_one_school_land_whole(bench: ModuleType, tmp_path: Path) -> None:
    inbox, warm = tmp_path / "data" / "inbox", tmp_path / "warm"
    inbox.mkdir(parents=True)
    warm.mkdir()

    bench.make_forms(inbox, warm, 5)
    report = ingest(Settings(tmp_path / "data"), processes=1)

    forms = [r for r in report.landed if r.dataset == "form_staff"]
    assert {(r.outcome, r.rows_accepted) for r in forms} == {("accepted", 1)}
    assert (len(forms), len(list(warm.iterdir()))) == (5, 5)

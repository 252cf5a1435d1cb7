"""What is printed can be read: no text is smaller than 8 pt, no long table begins at the foot of a page."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from test_card_length import LONG_NAME, full_card

from school_quality.reporting import write_documents
from school_quality.reporting.cards.scorecard import Scorecard
from school_quality.reporting.layout.rendering import TEMPLATES, Press

__all__ = ["full_card"]

SMALLEST = 8.0
PAGE_HEIGHT = 842
RELEASE = {"release_id": "2022-007", "as_of": "2023-08-31"}


@pytest.fixture(scope="module")
def documents(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    write_documents(warehouse, folder, year=2022, period=None, release=RELEASE)
    return folder


def printed(pdf: bytes) -> list[tuple[int, float, float, str]]:
    """Every piece of text: its page, how high it stands on it, its size in points, and itself."""
    pieces: list[tuple[int, float, float, str]] = []
    for number, page in enumerate(pypdf.PdfReader(io.BytesIO(pdf)).pages, start=1):

        def note(
            text: str, outer: list[float], inner: list[float], _: Any, size: float, page: int = number
        ) -> None:
            if text.strip():
                scale = math.sqrt(abs(_area(inner) * _area(outer)))  # turned text too
                pieces.append((page, outer[5] + outer[3] * inner[5], size * scale, text.strip()))

        page.extract_text(visitor_text=note)
    return pieces


def _area(matrix: list[float]) -> float:
    return matrix[0] * matrix[3] - matrix[1] * matrix[2]


def too_small(pdf: bytes) -> list[tuple[float, str]]:
    return [(size, text) for _, _, size, text in printed(pdf) if size < SMALLEST - 0.01]


def test_no_document_has_text_that_is_too_small_to_read(documents: Path) -> None:
    pdfs = sorted(documents.rglob("*.pdf"))

    assert {path.parent.name for path in pdfs} == {"scorecards", "reports"}
    assert {path.name: too_small(path.read_bytes()) for path in pdfs} == {path.name: [] for path in pdfs}


@pytest.mark.parametrize("others", [0, 8, 45])
@pytest.mark.parametrize("name", ["МБОУ СОШ № 17", LONG_NAME])
def test_a_full_card_is_as_legible_and_its_indicators_begin_at_the_top(
    full_card: Scorecard, name: str, others: int
) -> None:
    procedures = replace(full_card.procedures, others=full_card.procedures.others[:others])

    pdf = Press().print("scorecard.typ", replace(full_card, school_name=name, procedures=procedures))

    heights = [height for _, height, _, text in printed(pdf) if text == "Показатели"]
    assert too_small(pdf) == []
    assert len(heights) == 1
    assert heights[0] > PAGE_HEIGHT / 3


@pytest.mark.parametrize("measures", range(6))
def test_indicators_never_begin_at_the_foot_of_a_page(full_card: Scorecard, measures: int) -> None:
    card = replace(
        full_card, advice=full_card.advice[:measures], merged=replace(full_card.merged, schools=())
    )

    pdf = Press().print("scorecard.typ", replace(card, procedures=replace(card.procedures, others=())))

    (height,) = [height for _, height, _, text in printed(pdf) if text == "Показатели"]
    assert height > PAGE_HEIGHT / 3
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == 2


def test_no_template_sets_a_smaller_size() -> None:
    typst = {
        path.name: [
            float(size) for size in re.findall(r"(?<!\w)size: ([\d.]+)pt", path.read_text(encoding="utf-8"))
        ]
        for path in TEMPLATES.rglob("*.typ")
    }
    word = re.findall(r'w:sz w:val="(\d+)"', (TEMPLATES / "docx/styles.xml.j2").read_text(encoding="utf-8"))

    assert min(size for sizes in typst.values() for size in sizes) >= SMALLEST
    assert min(map(int, word)) / 2 >= SMALLEST

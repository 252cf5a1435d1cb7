"""Subjects by name, case form and code."""

from __future__ import annotations

import csv

import pytest

from school_quality import seeds
from school_quality.reading import subjects


@pytest.mark.parametrize(
    ("text", "exam", "subject"),
    [
        ("Русский язык", None, "russian"),
        ("  РУССКОМУ   ЯЗЫКУ", "vpr", "russian"),
        ("русский", "vpr", "russian"),
        ("Математика", "vpr", "math"),
        ("Математика", "oge", "math"),
        ("Математика", "ege", "math_profile"),
        ("02 - Математика", "ege", "math_profile"),
        ("02 - Математика профильная", "ege", "math_profile"),
        ("22 - Математика", "ege", "math_base"),
        ("22 - Математика базовая", "ege", "math_base"),
        ("02 - Математика", "oge", "math"),
        ("02 Математика", "ege", "math_profile"),
        ("3. Физика", "oge", "physics"),
        ("4 Физика", "oge", None),
        ("52 - Математика", "oge", "math"),
        ("05 - Информатика", "oge", "informatics"),
        ("25 - Информатика и ИКТ (КЕГЭ)", "ege", "informatics"),
        ("29 - Английский язык (устно)", "ege", "english"),
        ("12", "ege", "social_studies"),
        ("russian", None, "russian"),
        ("math_profile", "ege", "math_profile"),
        ("Астрология", "ege", None),
        ("01 - Математика", "ege", None),
        ("", None, None),
    ],
)
def test_a_subject_is_found_by_its_name_code_or_id(text: str, exam: str | None, subject: str | None) -> None:
    assert subjects.find(text, exam) == subject


def test_a_name_inside_a_longer_text_is_mentioned() -> None:
    assert subjects.mentioned("Проведение работы по обществознанию, 7 класс") == {"social_studies"}
    assert subjects.mentioned("Математика профильная и базовая математика") == {"math_profile", "math_base"}
    assert subjects.mentioned("Предыстория вопроса") == set()


def test_no_alias_of_the_seed_means_two_subjects() -> None:
    owner: dict[str, str] = {}
    with seeds.path("subjects").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for alias in {row["subject_name"].lower(), *row["aliases"].split("|")}:
                assert owner.setdefault(alias, row["subject"]) == row["subject"], alias

    assert len(owner) > 100

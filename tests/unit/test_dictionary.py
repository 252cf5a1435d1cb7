"""The dictionary of indicators is generated, so it is current or the test says how to make it so."""

from __future__ import annotations

from school_quality import dictionary
from school_quality.settings import project_root


def test_the_dictionary_in_docs_is_the_one_that_the_seeds_give() -> None:
    written = (project_root() / "docs" / "indicators.md").read_text(encoding="utf-8")

    assert written == dictionary.render(), "run: python -m school_quality.dictionary"


def test_every_indicator_of_the_order_is_in_the_dictionary() -> None:
    text = dictionary.render()

    tasks = {1: 21, 2: 10, 3: 3, 4: 4}
    codes = [f"{task}.{number}" for task, last in tasks.items() for number in range(1, last + 1)]
    assert [code for code in codes if f"### {code}. " not in text and f"### {code} (" not in text] == []


def test_bands_are_told_in_words() -> None:
    text = dictionary.render()

    assert "26–100 — 3; 16–25 — 2; 0–15 — 1" in text
    assert "ноль или больше нуля — 3; меньше нуля — 0" in text

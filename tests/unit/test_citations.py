"""Code, seeds and tests cite the law of the repository, and every citation finds its heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "bi", "dags", "dbt_project", "docs", "expectations", "plugins", "tests")
TEXTS = {".csv", ".j2", ".json", ".md", ".py", ".sql", ".typ", ".yml"}

_NUMBER = r"\d+(?:\.\d+)?"
_NUMBERS = rf"({_NUMBER}(?:(?:, | and |-){_NUMBER})*)"
CITATIONS = {
    "contracts": re.compile(rf"\bcontracts(?:\.md)?,? (?:sections? )?{_NUMBERS}", re.IGNORECASE),
    "reading": re.compile(r"\breadings? (\d+(?!\.)(?:(?:, | and |-)\d+\b(?!\.\d))*)", re.IGNORECASE),
    "who counts": re.compile(r"\bwho counts (\d+(?:(?:, | and |-)\d+\b(?!\.\d))*)", re.IGNORECASE),
}


def _headings() -> dict[str, set[str]]:
    contracts = (PROJECT / "docs" / "contracts.md").read_text(encoding="utf-8")
    methodology = (PROJECT / "docs" / "methodology.md").read_text(encoding="utf-8")
    return {
        "contracts": set(re.findall(rf"^##+ ({_NUMBER})\.? ", contracts, re.MULTILINE)),
        "reading": set(re.findall(r"^### Reading (\d+): ", methodology, re.MULTILINE)),
        "who counts": set(re.findall(r"^### Who counts (\d+): ", methodology, re.MULTILINE)),
    }


def _each(numbers: str) -> Iterator[str]:
    for part in re.split(r", | and ", numbers):
        first, _, last = part.partition("-")
        if last and "." not in part:
            yield from map(str, range(int(first), int(last) + 1))
        else:
            yield from filter(None, (first, last))


def _cited(text: str) -> Iterator[tuple[str, str]]:
    for law, pattern in CITATIONS.items():
        for found in pattern.finditer(text):
            for number in _each(found.group(1)):
                yield law, number


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((PROJECT / folder).rglob("*")):
            if path.suffix in TEXTS and path != Path(__file__) and not {"target", "logs"} & {*path.parts}:
                yield path


def test_every_citation_finds_its_heading() -> None:
    headings = _headings()

    lost = [
        f"{path.relative_to(PROJECT)}: {law} {number}"
        for path in _files()
        for law, number in _cited(path.read_text(encoding="utf-8"))
        if number not in headings[law]
    ]

    assert lost == []


def test_every_law_is_cited() -> None:
    cited = {citation for path in _files() for citation in _cited(path.read_text(encoding="utf-8"))}

    assert {law for law, _ in cited} == {*CITATIONS}
    readings = {number for law, number in cited if law == "reading"}
    assert _headings()["reading"] == readings, "a reading that nothing cites is computed nowhere"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("contracts 2.1 and 2.4", [("contracts", "2.1"), ("contracts", "2.4")]),
        ("contracts, sections 2 and 2.5", [("contracts", "2"), ("contracts", "2.5")]),
        ("(readings 11-13)", [("reading", "11"), ("reading", "12"), ("reading", "13")]),
        ("readings 1, 3, 4", [("reading", "1"), ("reading", "3"), ("reading", "4")]),
        ("Reading 15, 3.3", [("reading", "15")]),
        ("Who counts 1 and 2", [("who counts", "1"), ("who counts", "2")]),
    ],
)
def test_a_citation_may_name_several_headings(text: str, found: list[tuple[str, str]]) -> None:
    assert [*_cited(text)] == found

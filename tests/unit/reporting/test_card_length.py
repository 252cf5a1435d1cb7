"""A card has at most two pages, whatever stands on it."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pypdf
import pytest

from school_quality import seeds
from school_quality.reporting import words
from school_quality.reporting.cards.deficits import Deficit, WorkDeficits
from school_quality.reporting.cards.indicators import IndicatorGroup, IndicatorLine
from school_quality.reporting.cards.merged import NOTE, Merged, MergedSchool
from school_quality.reporting.cards.procedures import Procedures
from school_quality.reporting.cards.scorecard import Scorecard, build_scorecard
from school_quality.reporting.cards.support import SupportLine
from school_quality.reporting.content.advice import Advice
from school_quality.reporting.content.facts import open_warehouse, read_reference, read_schools
from school_quality.reporting.layout.plots import draw
from school_quality.reporting.layout.rendering import Press

LONG_NAME = (
    "Муниципальное автономное общеобразовательное учреждение средняя общеобразовательная школа № 17 имени "
    "дважды Героя Труда, кавалера орденов, почётного гражданина станицы и района Константина Константиновича "
    "Константинопольского станицы Нововеличковской муниципального образования Луговой район"
)


@pytest.fixture(scope="module")
def full_card(warehouse: Path) -> Scorecard:
    """The longest card that the methodology allows: all indicators, 45 other works, every remark."""
    with open_warehouse(warehouse) as connection:
        reference = read_reference(connection, 2022, None)
        facts = next(read_schools(connection, reference, with_sources=True))
    card = build_scorecard(facts, reference).of_release({"release_id": "2022-007", "as_of": "2023-08-31"})
    plot = draw([1.0, 2.0, 3.0, 2.0, 5.0], "2018: 1; 2019: 2; 2020: 3; 2021: 2; 2022: 5")
    lines = [
        IndicatorLine(
            code=row["indicator_code"],
            name=row["indicator_name"],
            marks="1,2",
            value="100,25\u00a0%",
            detail="было 0,062, стало 0,67; 138\u00a0участников",
            is_wide=False,
            plot=plot,
            points="3 из 3",
            tone="good",
        )
        for row in seeds.rows("indicators")
    ]
    groups = tuple(
        IndicatorGroup(task, title, True, tuple(line for line in lines if words.task(line.code) == task))
        for task, title in words.TASKS.items()
    )
    result = replace(
        card.procedures.identifying[0],
        name="ВПР, обществознание, 8 класс",
        marks="1,2",
        participants="138",
        failed="112 (81,2\u00a0%)",
        distance="на 72 меньше",
    )
    few = (
        "ВПР, обществознание, 8 класс: за 3 года 112 из 138 (73,9–86,8\u00a0%), "
        "по опыту таких же работ региона ожидалось бы около 30\u00a0%",
    ) * 9
    remarks = tuple(f"{number} — {text}" for number, text in enumerate(words.FLAGS.values(), start=1))
    deficit = Deficit(
        "13.2",
        "Решать задачи разных типов: на работу, на движение, на проценты…",
        "22,2\u00a0%",
        "47,5\u00a0%",
        "138\u00a0учеников",
    )
    return replace(
        card,
        deficits=(WorkDeficits("ВПР, обществознание, 8 класс", (deficit,) * 3, 9, ""),) * 9,
        procedures=Procedures((result,) * 9, remarks, (result,) * 45, remarks, 0.3, few),
        indicators=replace(card.indicators, groups=groups, footnotes=remarks),
        advice=tuple(
            Advice(
                rank,
                "Провести диагностику 9 классов по русскому языку, закрепить тьютора для группы риска",
                "показатели 1.10, 1.12, 1.14, 1.15: потеряно 10 баллов · отвечает МКУО КМЦ · дорожная карта, "
                "п. 4.9 «Семинары на базе школ об успешных практиках ликвидации рисков» · опыт — "
                "МБОУ СОШ № 3, МБОУ СОШ № 5, МБОУ СОШ № 39",
            )
            for rank in range(1, 6)
        ),
        support=tuple(
            SupportLine(role, "МКУО ЦОКО (до 31.08.2023); МКУО КМЦ (до 31.08.2023)")
            for role in words.ROLES.values()
        ),
        merged=Merged(
            tuple(
                MergedSchool(
                    f"60{number}",
                    f"{'МБОУ СОШ' if number % 2 else LONG_NAME} № {number} (Код ОО 60{number})",
                    "до 31.08.2021, через МБОУ СОШ № 17",
                    tuple(
                        f"{year} — не ШНОР и не зона риска, в списках: ШНОР, 34 из 88 баллов (38,6\u00a0%)"
                        for year in range(2018, 2023)
                    ),
                )
                for number in range(11, 18)
            ),
            NOTE,
        ),
    )


@pytest.mark.parametrize(("name", "others"), [("МБОУ СОШ № 17", 8), ("МБОУ СОШ № 17", 45), (LONG_NAME, 45)])
def test_the_longest_card_has_two_pages(full_card: Scorecard, name: str, others: int) -> None:
    procedures = replace(full_card.procedures, others=full_card.procedures.others[:others])

    pdf = Press().print("scorecard.typ", replace(full_card, school_name=name, procedures=procedures))

    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 2
    assert "здесь оценивать нечего" in " ".join(reader.pages[1].extract_text().split())


def test_a_name_without_spaces_ends_on_the_page(full_card: Scorecard) -> None:
    advice = (replace(full_card.advice[0], details="У" * 300),)

    pdf = Press().print("scorecard.typ", replace(full_card, school_name="А" * 300, advice=advice))

    (page, *_) = pypdf.PdfReader(io.BytesIO(pdf)).pages
    text = page.extract_text().replace("\u200b", "")
    assert (text.count("А" * 20), text.count("У" * 20)) != (1, 1)
    assert max(len(run) for run in re.findall("А+|У+", text)) < 150


@pytest.mark.parametrize("schools", [0, 1, 3])
@pytest.mark.parametrize("rows", [28, 32, 36, 40])
def test_cards_on_both_sides_of_denser_rows_have_two_pages(
    full_card: Scorecard, schools: int, rows: int
) -> None:
    lines = iter([line for group in full_card.indicators.groups for line in group.lines][:rows])
    groups = tuple(
        replace(group, lines=tuple(line for _, line in zip(group.lines, lines, strict=False)))
        for group in full_card.indicators.groups
    )
    card = replace(
        full_card,
        school_name="МБОУ СОШ № 17",
        indicators=replace(full_card.indicators, groups=groups),
        procedures=replace(full_card.procedures, others=full_card.procedures.others[:6]),
        advice=full_card.advice[:3],
        merged=replace(full_card.merged, schools=full_card.merged.schools[:schools]),
    )

    reader = pypdf.PdfReader(io.BytesIO(Press().print("scorecard.typ", card)))

    assert len(reader.pages) == 2
    assert ("Присоединённые школы" in " ".join(page.extract_text() for page in reader.pages)) == (schools > 0)


@pytest.mark.parametrize("name", ["МБОУ СОШ № 17", LONG_NAME])
def test_rows_without_a_plot_are_as_high_as_their_points(full_card: Scorecard, name: str) -> None:
    groups = tuple(
        replace(group, lines=tuple(replace(line, plot=None) for line in group.lines))
        for group in full_card.indicators.groups
    )
    card = replace(full_card, school_name=name, indicators=replace(full_card.indicators, groups=groups))
    heights: list[float] = []

    def note(text: str, matrix: list[float], position: list[float], *_: object) -> None:
        if text.strip() == "3 из 3":
            heights.append(matrix[5] + matrix[3] * position[5])

    page = pypdf.PdfReader(io.BytesIO(Press().print("scorecard.typ", card))).pages[1]
    page.extract_text(visitor_text=note)

    assert len(heights) > 20
    assert min(upper - lower for upper, lower in pairwise(heights)) > 8.5

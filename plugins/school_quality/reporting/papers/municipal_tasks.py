"""Part of the report: what the pupils of the municipality could not do, by subject, for seminars and tutors.

Source: methodology, Tasks (district deficit); roadmap 2, 4.1 and 4.2 of the order.
"""

from __future__ import annotations

from collections import defaultdict

from school_quality import seeds
from school_quality.reporting import words
from school_quality.reporting.content.facts import Reference, Row, procedure_order
from school_quality.reporting.papers.municipal_facts import MunicipalFacts
from school_quality.reporting.papers.municipal_identification import names
from school_quality.reporting.papers.paper import Block, Column, Grid, Heading, Text, grid

HEAVIEST = 5
"""Tasks of a work in the report; the tables of the release have all."""

STRONGEST = 3


def tasks(facts: MunicipalFacts, reference: Reference) -> list[Block]:
    """By subject the deficits of the district and those that several schools share, and who is strong there.

    Empty where no tasks have come: the works and their schools are told elsewhere.
    """
    by_subject: defaultdict[str, list[Row]] = defaultdict(list)
    for row in facts.task_deficits:
        by_subject[reference.procedures[row["procedure_id"]]["subject"]].append(row)
    if not by_subject:
        return []
    titles = {row["subject"]: row["subject_name"] for row in seeds.rows("subjects")}
    ordered = sorted(
        by_subject, key=lambda subject: min(_work(row, reference) for row in by_subject[subject])
    )
    return [
        Heading("Чего не смогли ученики"),
        Text(
            "Задания, с которыми не справились ученики района или нескольких школ, по предметам: для "
            f"семинаров (дорожная карта, п.{words.NBSP}4.1) и тьюторов (п.{words.NBSP}4.2). По работе — не "
            f"больше {HEAVIEST} заданий, сначала те, где дефицит у большего числа школ; все — в таблицах "
            "выпуска.",
            "small",
        ),
        *(_table(titles.get(subject, subject), by_subject[subject], reference) for subject in ordered),
    ]


def _work(row: Row, reference: Reference) -> tuple[int, int, str]:
    return procedure_order(reference.procedures[row["procedure_id"]])


def _table(subject: str, rows: list[Row], reference: Reference) -> Grid:
    shown: list[Row] = []
    for work in sorted({row["procedure_id"] for row in rows}):
        mine = [row for row in rows if row["procedure_id"] == work]
        mine.sort(key=lambda row: (-len(row["shared"]), row["achieved_pct"], row["position"]))
        shown += mine[:HEAVIEST]
    shown.sort(key=lambda row: _work(row, reference))
    return grid(
        subject,
        (
            Column("Работа", 26),
            Column("№", 9),
            Column("Что проверяет", 44),
            Column("Набрано, район", 15, "right"),
            Column("Дефицит у школ", 36),
            Column("Сильны здесь", 28),
        ),
        (
            (
                reference.procedures[row["procedure_id"]]["procedure_name"],
                row["task"],
                row["skill"] or words.NO_DATA,
                words.percent(row["achieved_pct"]),
                names(row["shared"], reference),
                names(row["strong"][:STRONGEST], reference),
            )
            for row in shown
        ),
    )

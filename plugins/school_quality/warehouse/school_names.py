"""Schools as people name them: by number, with the municipality where a warehouse has several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple


class School(NamedTuple):
    """A school in a list for people; ``municipality`` is empty where the warehouse has one only."""

    municipality: str
    name: str


def relation(database: str | None = None) -> str:
    """SQL of ``school_id, school_number, municipality, name, label``: one row a school of a warehouse.

    ``name``: the number, or the school's name where it has none or shares it with another one of its
    municipality. ``municipality``: empty where the warehouse has one only. ``label``: both, in one text.

    Args:
        database: name of an attached warehouse; None for the one that is open.
    """
    marts = f"{database}.marts" if database else "marts"
    return f"""(
        select
            *, name || case when municipality <> '' then ' (' || municipality || ')' else '' end as label
        from (
            select
                school_id,
                school_number,
                case
                    when (select count(*) from {marts}.dim_municipality) <= 1 then ''
                    else coalesce(municipality_name, 'район неизвестен')
                end as municipality,
                case
                    when count(*) over (partition by municipality_id, school_number) > 1
                    then coalesce(school_name, school_id)
                    else coalesce(school_number::varchar, school_name, school_id)
                end as name
            from {marts}.dim_school left join {marts}.dim_municipality using (municipality_id)
        )
    )"""


def listed(schools: Sequence[School], shown: int | None = None) -> str:
    """The schools in one text, each municipality once: «Первый район: 3, 5; Второй район: 3».

    Args:
        schools: in the order of their municipalities.
        shown: how many are named; of the others the text says how many they are. None: all.
    """
    parts = [
        f"{f'{municipality}: ' if municipality else ''}{', '.join(school.name for school in found)}"
        for municipality, found in groupby(schools[:shown], key=lambda school: school.municipality)
    ]
    text = "; ".join(parts)
    hidden = len(schools) - len(schools[:shown])
    return f"{text} и ещё {hidden}" if hidden else text

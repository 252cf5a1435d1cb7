"""The methodology's own texts and numbers, read from the seeds that dbt computes with.

A published warehouse holds results, not the methodology behind them: bands, formulas, parameters and labels
come from ``dbt_project/seeds/methodology`` by the ``methodology_version`` that each result carries.
"""

from __future__ import annotations

from functools import cache

from school_quality import seeds


def reasons() -> dict[str, str]:
    """Russian label of each reason of ``no_data`` and ``not_applicable``."""
    return {row["reason"]: row["label"] for row in seeds.rows("reasons")}


def parameter(version: str, name: str) -> float | None:
    """A number of the methodology, e.g. ``low_result_pct``; None where the version has none of that name."""
    for row in seeds.rows("parameters"):
        if row["methodology_version"] == version and row["parameter"] == name:
            return float(row["value"])
    return None


def document(version: str) -> str:
    """The order behind a version in the middle of a sentence: ``приказ от 12.09.2022 № 1496``."""
    for row in seeds.rows("methodology_versions"):
        if row["methodology_version"] == version:
            text = row["document"].replace("№ ", "№\u00a0")
            return text[:1].lower() + text[1:]
    return f"методика {version}"


def cited(version: str, status: str) -> str:
    """Where the order defines a column of `fct_school_status`: `` (пункт 3.1 приказа)``; empty if nowhere."""
    for row in seeds.rows("status_clauses"):
        if row["methodology_version"] == version and row["status"] == status:
            return f" ({row['clause']} приказа)"
    return ""


def clusters(version: str) -> dict[str, str]:
    """Each cluster of a version in the order of the methodology, and what it means in words."""
    return {
        row["cluster"]: row["description"]
        for row in sorted(seeds.rows("clusters"), key=lambda row: int(row["sort_order"]))
        if row["methodology_version"] == version
    }


def indicator(version: str, code: str, component: str = "") -> dict[str, str] | None:
    """The seed row of an indicator: formula, clause, source form, how its value is looked up in the bands."""
    return _indicators().get((version, code, component))


@cache
def _indicators() -> dict[tuple[str, str, str], dict[str, str]]:
    columns = ("methodology_version", "indicator_code", "component")
    return {(row[columns[0]], row[columns[1]], row[columns[2]]): row for row in seeds.rows("indicators")}


def roadmap_names(version: str) -> dict[str, str]:
    """Names of the roadmap's items by their number."""
    return {
        row["item"]: row["item_name"]
        for row in seeds.rows("roadmap_items")
        if row["methodology_version"] == version
    }


def roadmap_schedules(version: str) -> dict[str, str]:
    """When the roadmap has each of its items done, in its own words: «Постоянно», «По плану центра»."""
    return {
        row["item"]: row["schedule"]
        for row in seeds.rows("roadmap_items")
        if row["methodology_version"] == version
    }


@cache
def component_order() -> dict[tuple[str, str], int]:
    """Place of a code and component in the methodology (components have no order of their own)."""
    order: dict[tuple[str, str], int] = {}
    for position, row in enumerate(seeds.rows("indicators")):
        order.setdefault((row["indicator_code"], row["component"]), position)
    return order

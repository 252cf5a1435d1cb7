"""The dictionary of indicators in Russian, generated from the methodology seeds.

``python -m school_quality.dictionary`` writes ``docs/indicators.md``; a test checks that the file is current.
"""

from __future__ import annotations

from collections.abc import Iterable

from school_quality import seeds, terms
from school_quality.seeds import Row
from school_quality.settings import project_root

PERIODS = terms.words("period_type")
SCOPES = terms.phrases("scope")
SIGNS = {-1: "меньше нуля", 0: "ноль", 1: "больше нуля"}
TASKS = terms.words("task")
LOOKUPS = {
    "half_up": "процент, округлённый до целого (половина — вверх)",
    "floor": "процент без округления",
    "sign": "знак величины",
    "level": "уровень",
    "value": "само число",
}

HEAD = """\
# Словарь показателей

Этот файл создан из таблиц методики (`dbt_project/seeds/methodology/`) командой
`python -m school_quality.dictionary`; руками его не правят.

Что значат слова «наше чтение»: приказ оставляет место для толкования, и здесь оно принято системой.
Показатели с баллами имеют границы; границы — целые числа на той точности, на которой величина сравнивается.
"""


def band_text(lookup: str, band: Row) -> str:
    """«16–25», «больше нуля», «от 51» for one row of the seed ``bands``."""
    low, high = band["from_value"], band["to_value"]
    if lookup == "sign":
        return " или ".join(SIGNS[value] for value in range(int(low), int(high) + 1))
    if low == high:
        return low
    if not high:
        return f"от {low}"
    return f"{low}–{high}"


def points_text(indicator: Row, bands: Iterable[Row]) -> str:
    """All bands of an indicator in one line, best points first."""
    if not indicator["max_points"]:
        return "баллов нет: измеряется"
    own = [band for band in bands if band["indicator_code"] == indicator["indicator_code"]]
    own.sort(key=lambda band: (-int(band["points"]), int(band["from_value"])))
    return "; ".join(f"{band_text(indicator['lookup'], band)} — {band['points']}" for band in own)


def section(indicator: Row, bands: Iterable[Row]) -> list[str]:
    """Markdown of one indicator or component."""
    component = f" ({indicator['component']})" if indicator["component"] else ""
    lines = [
        f"### {indicator['indicator_code']}{component}. {indicator['indicator_name']}",
        "",
        f"- **Пункт:** {indicator['clause']}",
        f"- **Формула:** {indicator['formula']}",
        f"- **Единица:** {indicator['unit']}",
        f"- **Баллы:** {points_text(indicator, bands)}",
    ]
    if indicator["max_points"]:
        lines.append(f"- **Сравнивается:** {LOOKUPS[indicator['lookup']]}")
    lines += [
        f"- **Период:** {PERIODS[indicator['period_type']]}"
        + (f" ({indicator['period_numbers'].replace('|', ', ')})" if indicator["period_numbers"] else ""),
        f"- **Кого касается:** {SCOPES[indicator['scope']]}",
        f"- **Откуда:** {indicator['source_form']}",
        f"- **Ответственный:** {indicator['owner']}",
    ]
    if indicator["is_reading_of_ours"] == "true":
        reading = indicator["note"] or "формула или ноль баллов приказом не названы дословно"
        lines.append(f"- **Наше чтение:** {reading}")
    elif indicator["note"]:
        lines.append(f"- **Примечание:** {indicator['note']}")
    lines.append("")
    return lines


def cluster_section(clusters: Iterable[Row]) -> list[str]:
    """Markdown of the finer clusters of one edition: words, and the profile from which the centre starts."""
    lines = [
        "## Кластеры школ",
        "",
        "Кластер дополняет четыре группы: он говорит, где результаты сильнее и куда они движутся. Сравнивают "
        "доли набранных баллов задачи 1 по четырём сторонам (`cluster_indicators`), только внутри района. "
        "Центры начинают с профилей этой таблицы: слова остаются верны, а новая школа почти не сдвигает "
        "остальных.",
        "",
        "| кластер | что общего у школ | экзамены, % | ВПР, % | динамика экзаменов, % | динамика ВПР, % |",
        "|---|---|---|---|---|---|",
    ]
    for row in clusters:
        shares = [row[f"{side}_{kind}_pct"] for kind in ("level", "dynamics") for side in ("exam", "vpr")]
        lines.append(f"| {row['cluster']} | {row['description']} | {' | '.join(shares)} |")
    return [*lines, ""]


def render() -> str:
    """The whole dictionary."""
    versions = seeds.rows("methodology_versions")
    indicators, bands, parameters, clusters = (
        seeds.rows(name) for name in ("indicators", "bands", "parameters", "clusters")
    )
    lines = [HEAD]
    for version in versions:
        name = version["methodology_version"]
        lines += [f"## Редакция {name}", "", f"{version['document']}. {version['note']}.", ""]
        own_bands = [band for band in bands if band["methodology_version"] == name]
        task = ""
        for indicator in indicators:
            if indicator["methodology_version"] != name:
                continue
            if indicator["task"] != task:
                task = indicator["task"]
                lines += [f"## Задача {task}. {TASKS[task]}", ""]
            lines += section(indicator, own_bands)
        lines += [
            "## Числа методики",
            "",
            "| параметр | значение | единица | где в приказе | что это |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| `{row['parameter']}` | {row['value']} | {row['unit']} | {row['clause']} | {row['note']} |"
            for row in parameters
            if row["methodology_version"] == name
        ]
        lines.append("")
        lines += cluster_section(row for row in clusters if row["methodology_version"] == name)
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    (project_root() / "docs" / "indicators.md").write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()

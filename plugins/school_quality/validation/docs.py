"""Data Docs: the results of the last runs of the suites as pages that need nothing from the network.

The pages are those of Great Expectations; its links to style sheets, fonts and scripts of other hosts are
taken out, a small style sheet stands in for them. They hold counts only, never a value or a row.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from school_quality import datasets
from school_quality.settings import Settings
from school_quality.validation.rules import render_many
from school_quality.validation.run import Expectation, RuleResult, Validation, expectations

_STYLE = """<style>
body { font-family: sans-serif; margin: 1rem 2rem; color: #222; background: #fff; }
table { border-collapse: collapse; width: 100%; }
td, th { border: 1px solid #ccc; padding: .3rem .6rem; text-align: left; vertical-align: top; }
td.n { text-align: right; }
.collapse, .cooltip span, .sticky, .modal { display: none; }
i.text-success::before { content: "✓"; color: #1a7f37; font-style: normal; font-weight: bold; }
i.text-danger::before, i.text-warning::before { content: "✗"; color: #b3261e; font-style: normal; }
</style>"""

_OUTSIDE = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>|<nav\b.*?</nav>"
    r"|<a\b[^>]*data-toggle[^>]*>.*?</a>|</?a\b[^>]*>",
    re.DOTALL,
)


def results_dir(settings: Settings) -> Path:
    """Where the results of the last run of each suite are kept."""
    return settings.warehouse / "validation"


def data_docs_dir(settings: Settings) -> Path:
    return settings.warehouse / "data_docs"


def keep(settings: Settings, validation: Validation) -> Path:
    """Keep the counts of a run, in the place of those of the dataset's last one."""
    directory = results_dir(settings)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{validation.dataset}.json"
    part = path.with_suffix(f".{os.getpid()}.part")
    lines = [asdict(result) for result in validation.results]
    part.write_text(json.dumps(lines, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(path)
    return path


def kept(settings: Settings) -> list[RuleResult]:
    """The counts of the last run of each suite, by dataset."""
    files = sorted(results_dir(settings).glob("*.json"))
    return [RuleResult(**line) for file in files for line in json.loads(file.read_text(encoding="utf-8"))]


def data_docs(results: Iterable[RuleResult], directory: Path) -> Path:
    """Build the pages of ``results`` anew in ``directory``; returns its ``index.html``."""
    by_dataset: dict[str, list[RuleResult]] = {}
    for result in results:
        by_dataset.setdefault(result.dataset, []).append(result)
    declared = datasets.load()
    by_dataset = {name: by_dataset[name] for name in declared if name in by_dataset}
    staged = directory.with_name(f".{directory.name}.{os.getpid()}")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for dataset, lines in by_dataset.items():
        (staged / f"{dataset}.html").write_text(_page(dataset, lines), encoding="utf-8")
    (staged / "index.html").write_text(_index(by_dataset), encoding="utf-8")
    shutil.rmtree(directory, ignore_errors=True)
    staged.rename(directory)
    return directory / "index.html"


def _index(by_dataset: Mapping[str, list[RuleResult]]) -> str:
    """All datasets with their counts, and under each the rules that rows broke."""
    rows = []
    for dataset, lines in by_dataset.items():
        title = html.escape(datasets.get(dataset).title)
        notes = "<br>".join(html.escape(message) for message in _broken(dataset, lines)) or "—"
        rows.append(
            f'<tr><td><a href="{dataset}.html">{title}</a></td>'
            f'<td class="n">{len(lines)}</td><td class="n">{max(line.checked for line in lines)}</td>'
            f'<td class="n">{sum(line.failed for line in lines)}</td><td>{notes}</td></tr>'
        )
    return f"""<!DOCTYPE html>
<html lang="ru"><head><meta charset="utf-8"><title>Проверки данных</title>{_STYLE}</head><body>
<h1>Проверки данных</h1>
<p>Последняя проверка каждого набора данных: сколько строк проверено и сколько раз нарушены правила.
Что делать с нарушениями, сказано в книгах замечаний для отправителей.</p>
<table><tr><th>Набор данных</th><th>Правил</th><th>Строк</th><th>Нарушений</th><th>Что нарушено</th></tr>
{"".join(rows)}
</table></body></html>
"""


def _broken(dataset: str, lines: list[RuleResult]) -> list[str]:
    """What is said to senders about the rules that rows broke, each text once."""
    failed = {(line.rule, line.column) for line in lines if line.failed}
    metas = [item["meta"] for item in expectations(dataset)]
    messages = (
        render_many(meta["rule"], meta.get("details", {}))
        for meta in metas
        if (meta["rule"], meta["column"]) in failed
    )
    return list(dict.fromkeys(messages))


def _page(dataset: str, lines: list[RuleResult]) -> str:
    """GX's page of one suite."""
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    document = ValidationResultsPageRenderer().render(_suite_result(dataset, lines))
    page: str = DefaultJinjaPageView().render(document)
    title = html.escape(datasets.get(dataset).title)
    page = _OUTSIDE.sub("", page).replace("</head>", f"{_STYLE}</head>", 1)
    page = re.sub(r"url\(['\"]?https?:[^)]*\)", "none", page)
    heading = f'<h1>{title}</h1><p><a href="index.html">Все проверки</a></p>'
    return re.sub(r"(<body[^>]*>)", rf"\1{heading}", page, count=1)


def _suite_result(dataset: str, lines: list[RuleResult]) -> object:
    """The counts as GX's own result of the suite."""
    from great_expectations.core import ExpectationSuiteValidationResult

    found = {(line.rule, line.column): line for line in lines}
    suite = [
        item for item in expectations(dataset) if (item["meta"]["rule"], item["meta"]["column"]) in found
    ]
    results = [_result(item, found[item["meta"]["rule"], item["meta"]["column"]]) for item in suite]
    good = sum(not line.failed for line in lines)
    return ExpectationSuiteValidationResult(
        success=good == len(lines),
        results=results,
        suite_name=dataset,
        statistics={
            "evaluated_expectations": len(lines),
            "successful_expectations": good,
            "unsuccessful_expectations": len(lines) - good,
            "success_percent": 100 * good / len(lines),
        },
        meta={"active_batch_definition": {"data_asset_name": dataset}},
    )


def _result(item: Expectation, line: RuleResult) -> object:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    return ExpectationValidationResult(
        success=not line.failed,
        expectation_config=ExpectationConfiguration(
            type=item["type"], kwargs=item["kwargs"], meta={"rule": line.rule}
        ),
        result={
            "observed_value": line.failed,
            "element_count": line.checked,
            "unexpected_count": line.failed,
            "unexpected_percent": 100 * line.failed / line.checked if line.checked else 0.0,
            "missing_count": 0,
            "missing_percent": 0.0,
            "partial_unexpected_list": [],
        },
        exception_info={"raised_exception": False, "exception_message": None, "exception_traceback": None},
    )


def write(settings: Settings) -> Path:
    """Build the Data Docs of this data root from the results kept in it; returns their ``index.html``."""
    return data_docs(kept(settings), data_docs_dir(settings))

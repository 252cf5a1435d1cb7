"""Data Docs: the results of the last runs of the suites as pages that need nothing from the network.

The pages are those of Great Expectations, rendered from its own results when a batch has been judged; its
links to style sheets, fonts and scripts of other hosts are taken out, a small style sheet stands in for them.
Results and pages hold counts only, never a value or a row. The index is made of the results alone.
"""

from __future__ import annotations

import html
import json
import logging
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from school_quality import datasets
from school_quality.settings import Settings
from school_quality.validation.rules import render_many
from school_quality.validation.run import Validation

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

log = logging.getLogger(__name__)

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


_COUNTS = (
    "observed_value",
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "missing_count",
    "missing_percent",
)
"""What of a result is kept: how much was looked at and how much was not as expected."""


def results_dir(settings: Settings) -> Path:
    """Where the results of the last run of each suite are kept."""
    return settings.warehouse / "validation"


def data_docs_dir(settings: Settings) -> Path:
    return settings.warehouse / "data_docs"


def keep(settings: Settings, validation: Validation) -> None:
    """Keep the counts of a run, and its page, in the place of those of the dataset's last one."""
    result = suite_result(validation)
    _write(
        results_dir(settings) / f"{validation.dataset}.json",
        json.dumps(result.to_json_dict(), ensure_ascii=False, indent=1),
    )
    _write(data_docs_dir(settings) / f"{validation.dataset}.html", _page(validation.dataset, result))


def write_index(settings: Settings) -> Path:
    """Write the page of all datasets that were ever judged; returns it."""
    declared = datasets.load()
    kept = {path.stem: path for path in results_dir(settings).glob("*.json") if path.stem in declared}
    results = {name: result for name in declared if name in kept and (result := _kept(kept[name]))}
    page = data_docs_dir(settings) / "index.html"
    _write(page, _index(results))
    return page


def _kept(path: Path) -> dict[str, Any] | None:
    """What `keep` has written; None for a file of an older version or a damaged one: a new one will come."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        return {"results": result["results"], "meta": {"rows": result["meta"]["rows"]}}
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("the kept result in %s is left out: %s", path, error)
        return None


def suite_result(validation: Validation) -> ExpectationSuiteValidationResult:
    """What Great Expectations said, as its result of the whole suite; rows and values are taken out."""
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.validator.validation_statistics import calc_validation_statistics

    for result in validation.results:
        result.result = {name: result.result[name] for name in _COUNTS if name in result.result}
    statistics = calc_validation_statistics(validation.results)
    return ExpectationSuiteValidationResult(
        success=statistics.success,
        results=validation.results,
        suite_name=validation.dataset,
        statistics=statistics._asdict(),
        meta={"active_batch_definition": {"data_asset_name": validation.dataset}, "rows": validation.rows},
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _index(results: dict[str, dict[str, Any]]) -> str:
    """All datasets with their counts, and under each the rules that rows broke."""
    rows = []
    for dataset, result in results.items():
        title = html.escape(datasets.get(dataset).title)
        broken = [found for found in result["results"] if not found["success"]]
        notes = "<br>".join(map(html.escape, _messages(broken))) or "—"
        rows.append(
            f'<tr><td><a href="{dataset}.html">{title}</a></td>'
            f'<td class="n">{len(result["results"])}</td><td class="n">{result["meta"]["rows"]}</td>'
            f'<td class="n">{sum(map(_count, broken))}</td><td>{notes}</td></tr>'
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


def _count(result: dict[str, Any]) -> int:
    """How many rows are not as expected; of a query it is what was observed."""
    found = result["result"]
    return int(found.get("unexpected_count", found.get("observed_value", 0)))


def _messages(broken: list[dict[str, Any]]) -> list[str]:
    """What is said to senders about the rules that rows broke, each text once."""
    metas = [found["expectation_config"]["meta"] for found in broken]
    return list(dict.fromkeys(render_many(meta["rule"], meta.get("details", {})) for meta in metas))


def _page(dataset: str, result: ExpectationSuiteValidationResult) -> str:
    """GX's page of one suite."""
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    page: str = _view().render(ValidationResultsPageRenderer().render(result))
    title = html.escape(datasets.get(dataset).title)
    page = _OUTSIDE.sub("", page).replace("</head>", f"{_STYLE}</head>", 1)
    page = re.sub(r"url\(['\"]?https?:[^)]*\)", "none", page)
    heading = f'<h1>{title}</h1><p><a href="index.html">Все проверки</a></p>'
    return re.sub(r"(<body[^>]*>)", rf"\1{heading}", page, count=1)


@cache
def _view() -> Any:
    """GX's view of a page; it compiles its templates once."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()

"""The files that repeat a declaration because another tool reads them: suites, dbt sources, staging, seeds.

``python -m school_quality.datasets`` writes them; a test proves that the committed ones are current. In dbt a
dataset has a table of the source ``landed``, a staging model (its own, where one stands in
``models/staging``; else rows in force, one a key), an entry of the macro ``datasets()``, over which models go
that read many datasets alike, and rows of the seeds ``datasets`` and ``form_fields``. Superset, which asks
the published file in SQL, has the titles in a query of its own.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from school_quality import datasets
from school_quality.datasets import Dataset
from school_quality.quoting import literal
from school_quality.settings import dbt_project_dir, expectations_dir, project_root
from school_quality.validation.suites import suite

COMMAND = "python -m school_quality.datasets"
HEAD = f"Written from plugins/school_quality/datasets/*.yml by `{COMMAND}`; not edited by hand."

LINE = 120
"""Characters of a line of SQL, as in ``.sqlfluff``."""

SOURCES = f"""\
version: 2

# {HEAD}
# Landing: immutable Parquet, one folder a batch; landing/schema holds every table with zero rows.
sources:
  - name: landed
    description: Accepted rows, as the landing step commits them. A table a dataset.
    config:
      meta:
        external_location: >-
          read_parquet('{{{{ var('landing') }}}}/*/rows/{{name}}.parquet',
          union_by_name=true, hive_partitioning=false)
    tables:
"""


def files() -> dict[Path, str]:
    """Every file that is made of the declarations, with the text that it must hold."""
    declared = list(datasets.load().values())
    staged = [dataset for dataset in declared if not dataset.unread]
    plain = [dataset for dataset in staged if not (_staging() / f"stg_{dataset.name}.sql").exists()]
    project = dbt_project_dir()
    made = {expectations_dir() / f"{dataset.name}.json": suite(dataset) for dataset in declared}
    made |= {_folder() / f"stg_{dataset.name}.sql": _model(dataset) for dataset in plain}
    return made | {
        _folder() / "declared.yml": _sources(declared) + "\nmodels:\n" + "".join(map(_described, plain)),
        project / "macros" / "datasets.sql": _macro(staged),
        _submissions(): _titled(_submissions().read_text("utf-8"), declared),
        project / "seeds" / "reference" / "datasets.csv": _datasets_seed(declared),
        project / "seeds" / "reference" / "form_fields.csv": _fields_seed(staged),
    }


def stale() -> list[Path]:
    """Files that are not what the declarations say: missing, other, or of a dataset that is gone."""
    return _stale(files())


def _stale(wanted: Mapping[Path, str]) -> list[Path]:
    kept = [*_folder().glob("*"), *expectations_dir().glob("*.json")]
    other = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    return sorted({*other, *(path for path in kept if path not in wanted)})


def write() -> list[Path]:
    """Make every file current; returns those that were not."""
    wanted = files()
    changed = _stale(wanted)
    for path in changed:
        path.parent.mkdir(exist_ok=True)
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    return changed


def _staging() -> Path:
    return dbt_project_dir() / "models" / "staging"


def _folder() -> Path:
    return _staging() / "declared"


def _submissions() -> Path:
    return project_root() / "bi/superset/assets/datasets/education_quality/submission.yaml"


def _titled(query: str, declared: Iterable[Dataset]) -> str:
    """The query of Superset with a line of its ``case dataset`` for every title."""
    lines = "".join(f"          when {literal(d.name)} then {literal(d.title)}\n" for d in declared)
    return re.sub(
        r"(?<=case dataset\n).*?(?= +else dataset\n)", lambda _: lines, query, count=1, flags=re.DOTALL
    )


def _model(dataset: Dataset) -> str:
    key = json.dumps(dataset.key)
    line = f"{{{{ landed('{dataset.name}', key={key}) }}}}\n"
    return line if len(line) <= LINE else line.replace(f" key={key}", f"\n    key={key}\n")


def _sources(declared: Iterable[Dataset]) -> str:
    return SOURCES + "".join(
        f"      - name: {dataset.name}\n"
        f'        description: "«{dataset.title}», as landed. One row per accepted row of a file."\n'
        for dataset in declared
    )


def _described(dataset: Dataset) -> str:
    grain = ", ".join(dataset.key)
    return (
        f"  - name: stg_{dataset.name}\n"
        f'    description: "«{dataset.title}», rows in force. One row per {grain}."\n'
    )


def _macro(staged: Iterable[Dataset]) -> str:
    entries = [
        {
            "name": dataset.name,
            "kind": dataset.kind,
            "shape": dataset.shape,
            "is_by_school": "school_id" in dataset.columns,
            "reporting_year": "reporting_year" if "reporting_year" in dataset.columns else "null",
            "period": dataset.period,
            "period_number": dataset.period_column or "null",
            "numbers": dataset.numbers,
        }
        for dataset in staged
    ]
    lines = ",\n".join(f"        {json.dumps(entry)}" for entry in entries)
    return (
        f"{{# {HEAD}\n   The datasets that have staging, for models that read many of them alike. #}}\n"
        f"{{% macro datasets() -%}}\n    {{{{ return([\n{lines}\n    ]) }}}}\n{{%- endmacro %}}\n"
    )


def _datasets_seed(declared: Iterable[Dataset]) -> str:
    names = ("dataset", "title", "sender", "kind", "period_type", "is_by_school", "unread")
    return _csv(
        names,
        (
            (
                *(dataset.name, dataset.title, dataset.sender, dataset.kind),
                "" if dataset.period == "any" else dataset.period,
                str("school_id" in dataset.columns).lower(),
                dataset.unread,
            )
            for dataset in declared
        ),
    )


def _fields_seed(staged: Iterable[Dataset]) -> str:
    return _csv(
        ("dataset", "field", "label", "is_yes_no"),
        (
            (dataset.name, field.column, label(field.header), str(field.type == "bool").lower())
            for dataset in staged
            for field in dataset.fields.values()
            if field.column in dataset.numbers
        ),
    )


def label(header: str) -> str:
    """A header within a sentence: «Программа развития» begins small, «ВСОКО» does not."""
    return header if header[1:2].isupper() else header[:1].lower() + header[1:]


def _csv(names: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()

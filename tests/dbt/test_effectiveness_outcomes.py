"""What the analysis of effectiveness compares: the seed says, the model has a column for each."""

from __future__ import annotations

import re

from school_quality import seeds
from school_quality.settings import dbt_project_dir


def test_every_outcome_of_the_seed_is_a_column_that_the_model_compares() -> None:
    sql = (dbt_project_dir() / "models/marts/fct_similar_school.sql").read_text(encoding="utf-8")

    (columns,) = re.findall(r"outcome_value for outcome in \(([^)]*)\)", sql)

    assert {name.strip() for name in columns.split(",")} == {
        row["outcome"] for row in seeds.rows("effectiveness_outcomes")
    }

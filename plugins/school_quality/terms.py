"""The Russian words for codes, as the seed ``terms`` has them, for everything that speaks to people.

A code is worded there once. ``python -m school_quality.terms`` writes the words into the SQL of Superset's
assets; ``tests/unit/test_terms.py`` checks that they are current, that every value that a mart may hold has a
word, and that no other place spells one.
"""

from __future__ import annotations

import re
from functools import cache

from school_quality import seeds
from school_quality.quoting import literal
from school_quality.settings import project_root


@cache
def words(kind: str) -> dict[str, str]:
    """The word of each code of a kind, in the order of the seed."""
    return {row["code"]: row["word"] for row in _of(kind)}


@cache
def phrases(kind: str) -> dict[str, str]:
    """The same where there is room to say what a word means; the word itself where it says enough."""
    return {row["code"]: row["phrase"] or row["word"] for row in _of(kind)}


def _of(kind: str) -> list[seeds.Row]:
    found = [row for row in seeds.rows("terms") if row["kind"] == kind]
    if not found:
        raise KeyError(kind)
    return found


CASE = re.compile(r"^( *)case (\w+) /\* terms: (\w+) \*/\n.*?^\1end\b", re.MULTILINE | re.DOTALL)
"""A code in words in the SQL of an asset of Superset, which can read no seed: its branches are made here."""


def with_words(asset: str) -> str:
    """An asset of Superset with the words of the seed in its SQL."""
    return CASE.sub(lambda found: _case(*found.groups()), asset)


def _case(indent: str, column: str, kind: str) -> str:
    branches = [
        f"{indent}    when {literal(code)} then {literal(word)}" for code, word in words(kind).items()
    ]
    head = f"{indent}case {column} /* terms: {kind} */"
    return "\n".join([head, *branches, f"{indent}    else {column}", f"{indent}end"])


def main() -> None:
    """Bring the assets of Superset up to date with the seed."""
    for path in sorted((project_root() / "bi" / "superset" / "assets").rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if (made := with_words(text)) != text:
            path.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()

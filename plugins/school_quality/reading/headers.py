"""Which declared header a row of cells is, matched by folded names (contracts, section 2)."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from school_quality import datasets
from school_quality.datasets import Dataset, Variant
from school_quality.model import Remark
from school_quality.reading import procedures
from school_quality.reading.texts import (
    Cell,
    cell_text,
    fold,
    fold_header,
    is_mixed,
    skeleton,
    without_zero_fraction,
)

HEADER_ROWS = 60
"""A header stands somewhere in the first rows of a sheet (contracts, section 2)."""

GUESS = 2.0
"""Score of a header whose letters or names would have to be guessed: above all that lack a column."""

MAXIMA_ROWS = 2
"""The row of the tasks' maxima stands so near below their header."""

SCHOOL_HEADERS = ("код оо", "логин", "логин школы")
_OF_SCHOOL = re.compile(r"(?<![а-я])(?:о[оу](?![а-я])|школ|образовательн\w+ организац|учрежден)")
"""A header that names schools: in a file without their codes it stands in the place of the code."""

NOTHING_NEAR = "нет"
"""In a remark on missing columns: no header of the file reminds of them."""

SCHOOL_KEYS = ("school_code", "login", "school_number")

KEY_TYPES = (*SCHOOL_KEYS, "year", "academic_year", "quarter", "half_year", "subject")
"""Types of fields that say of whom and when a row is: no table is known by them alone."""

REMINDS = 0.6
"""So like a declared name is a header that was meant by it."""


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header row: which column holds which field."""

    dataset: Dataset
    variants: tuple[Variant, ...]  # more than one where only a block's title can tell
    row: int  # index of its last row
    columns: dict[str, int]  # field -> index of its column
    tasks: dict[str, int] = field(default_factory=dict)  # header of a task column -> index
    task_maximum: int | None = None  # sum of the maxima printed in the headers
    texts: dict[str, str] = field(default_factory=dict)  # field -> header as written
    folded: tuple[str, ...] = ()  # the row itself, to recognise its repetitions
    height: int = 1  # rows of the header
    unknown: tuple[str, ...] = ()  # headers as written that the dataset does not declare
    has_maxima: bool = False  # its last row holds the maxima of the tasks
    copy_at: int | None = None  # where the same headers begin anew to the right (a working copy)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A row that would be a header but for what the remark says; ``score`` = how much of it was
    recognised."""

    remark: Remark
    score: float


@dataclass(frozen=True, slots=True)
class _Known:
    dataset: Dataset
    variant: Variant
    names: dict[str, str | None]  # folded name -> field, None: carries nothing
    skeletons: dict[str, str]  # look of a name -> name
    tasks: re.Pattern[str] | None
    refuses: re.Pattern[str] | None

    def named(self, folded: tuple[str, ...]) -> tuple[str, ...]:
        """A folded row in which headers that begin with a declared name are that name."""
        if not self.variant.by_beginning:
            return folded
        return tuple(next((n for n in self.names if _begins(name, n)), name) for name in folded)


def _begins(header: str, name: str) -> bool:
    """Whether a folded header begins with the whole words of a name."""
    return header.startswith(name) and not header[len(name) : len(name) + 1].isalnum()


@cache
def _index() -> tuple[tuple[_Known, ...], dict[str, tuple[int, ...]]]:
    known: list[_Known] = []
    by_name: dict[str, list[int]] = defaultdict(list)
    for dataset in datasets.load().values():
        for variant in dataset.variants:
            names: dict[str, str | None] = {fold_header(name): None for name in variant.also}
            for name, spellings in variant.headers.items():
                names |= {fold_header(s): name for s in spellings}
            pattern = re.compile(variant.tasks) if variant.tasks else None  # written in lower case
            refuses = re.compile(variant.refuses) if variant.refuses else None
            looks = {skeleton(name): name for name in names}
            for name in names:
                by_name[name].append(len(known))
            known.append(_Known(dataset, variant, names, looks, pattern, refuses))
    return tuple(known), {name: tuple(numbers) for name, numbers in by_name.items()}


@cache
def _by_beginning() -> tuple[int, ...]:
    return tuple(k for k, known in enumerate(_index()[0]) if known.variant.by_beginning)


def forget() -> None:
    """Forget the declarations read so far, after they changed."""
    _index.cache_clear()
    _by_beginning.cache_clear()
    _maxima_words.cache_clear()
    _best.cache_clear()
    _placed.cache_clear()


def fold_row(cells: Sequence[Cell]) -> tuple[str, ...]:
    """A row of cells as folded header names."""
    return tuple(fold_header(c) if c != "" else "" for c in cells)


def recognise(rows: Sequence[Sequence[Cell]], number: int) -> Header | NearMiss | None:
    """The header that row ``number`` is (with the next one, where a header has two rows), or why it is
    not."""
    cells = tuple(rows[number])
    maxima = _maxima_below(rows, number)
    found, near = _best(cells, maxima > 0)
    height = 1 + (maxima if found is not None and found.has_maxima else 0)
    if found is None or found.dataset.header_rows == 2:
        below = _with_row_below(rows, number)
        if below is not None:
            deeper, deeper_near = _best(below, False)
            if deeper is not None and deeper.dataset.header_rows == 2:
                found, cells, height = deeper, below, 2
            elif deeper_near is not None and (near is None or deeper_near.score > near.score):
                near = deeper_near
    if found is not None:
        return _placed(cells, number + height - 1, height, maxima > 0)
    return replace(near, remark=replace(near.remark, row_number=number + 1)) if near is not None else None


@lru_cache(maxsize=1024)
def _placed(cells: tuple[Cell, ...], row: int, height: int, has_maxima: bool) -> Header | None:
    """The header of `_best` with its place."""
    found, _ = _best(cells, has_maxima)
    return replace(found, row=row, height=height) if found is not None else None


def _maxima_below(rows: Sequence[Sequence[Cell]], number: int) -> int:
    """How many rows below a header the maxima of its tasks stand, blank rows left out; 0 if they do not."""
    for below in range(1, MAXIMA_ROWS + 1):
        row = rows[number + below] if number + below < len(rows) else ()
        first = next((c for c in row if c != ""), "")
        if first != "":
            is_word = isinstance(first, str) and not first[:1].isdigit()
            return below if is_word and fold(str(first)).startswith(_maxima_words()) else 0
    return 0


@cache
def _maxima_words() -> tuple[str, ...]:
    return tuple(known.variant.below for known in _index()[0] if known.variant.below)


def _with_row_below(rows: Sequence[Sequence[Cell]], number: int) -> tuple[Cell, ...] | None:
    """A header row merged with the row of sub-headers below it, where there is one."""
    top = rows[number]
    if number + 1 >= len(rows) or sum(1 for c in top if c != "") < 4:
        return None
    below = rows[number + 1]
    names = fold_row(below)
    named = [i for i, name in enumerate(names) if name]
    _, by_name = _index()
    if not named or len(named) * 2 > len(top) or not all(names[i] in by_name for i in named):
        return None
    width = max(len(top), len(below))
    cells = [*top, *[""] * (width - len(top))]
    for i in named:
        cells[i] = below[i]
    return tuple(cells)


@lru_cache(maxsize=1024)
def _best(cells: tuple[Cell, ...], has_maxima: bool) -> tuple[Header | None, NearMiss | None]:
    """The dataset whose header a row is, above a row of maxima or not, and the nearest one that it just
    misses; thousands of forms share a header."""
    folded = fold_row(cells)
    known, by_name = _index()
    hits: dict[int, int] = defaultdict(int)
    for name in set(folded):
        for k in by_name.get(name, ()):
            hits[k] += 1
    for k in _by_beginning():
        hits[k] = len(set(known[k].named(folded)) & known[k].names.keys())
    complete: list[tuple[int, Header]] = []
    near: NearMiss | None = None
    for k, count in hits.items():
        candidate = known[k]
        if candidate.variant.below and not has_maxima:
            continue
        if has_maxima and candidate.dataset.shape in ("scores", "marks"):
            continue  # numbers above the maxima of tasks are tasks
        if not count:
            continue
        outcome = _match(candidate, candidate.named(folded), cells, count)
        if isinstance(outcome, Header):
            complete.append((count + len(outcome.tasks) + outcome.has_maxima, outcome))
        elif outcome is not None and (near is None or outcome.score > near.score):
            near = outcome
    if not complete:
        return None, near or _lookalike_only(folded, cells)
    top = max(score for score, _ in complete)
    best = [header for score, header in complete if score == top]
    if len(best) > 1 and any(h.columns != best[0].columns for h in best):
        titles = ", ".join(sorted({f"«{header.dataset.title}»" for header in best}))
        return None, NearMiss(_remark("ambiguous_header", header=titles), GUESS)
    return (best[0] if len(best) == 1 else _merge(best)), near


def _merge(best: Sequence[Header]) -> Header:
    """Protocols whose header ОГЭ and base maths of ЕГЭ share: the title decides."""
    # ОГЭ first: it holds unless a title says that the subject is one of a variant's own
    first = min(best, key=lambda h: bool(h.variants[0].subjects))
    variants = tuple(v for h in best for v in h.variants)
    return Header(
        first.dataset,
        variants,
        first.row,
        first.columns,
        first.tasks,
        first.task_maximum,
        first.texts,
        first.folded,
        unknown=first.unknown,
    )


def _match(
    candidate: _Known, folded: tuple[str, ...], cells: Sequence[Cell], count: int
) -> Header | NearMiss | None:
    variant, dataset = candidate.variant, candidate.dataset
    columns: dict[str, int] = {}
    texts: dict[str, str] = {}
    tasks: dict[str, int] = {}
    twice: list[str] = []
    copy_at: int | None = None
    maximum = 0
    has_maximum = False
    for i, name in enumerate(folded):
        if not name:
            continue
        if name in candidate.names:
            wanted = candidate.names[name]
            if wanted is None:
                continue
            if wanted in columns:
                if variant.by_beginning and all(n in columns for n in variant.required):
                    copy_at = i
                    break
                twice.append(str(cells[i]).strip())
            columns[wanted] = i
            texts[wanted] = " ".join(str(cells[i]).split()) if isinstance(cells[i], str) else name
        elif candidate.tasks is not None and (task := candidate.tasks.fullmatch(name)):
            task_name = _written(cells[i])
            if variant.beyond is not None and task_name in tasks:
                twice.append(task_name)
            tasks[task_name] = i
            if "max" in task.re.groupindex and task["max"]:
                maximum += int(task["max"])
                has_maximum = True
        elif candidate.refuses is not None and candidate.refuses.fullmatch(name):
            return None
    if variant.beyond is not None and not {fold_header(name) for name in tasks} - set(variant.beyond):
        return None
    if dataset.shape == "percentages":
        unclear = _procedure_columns(folded, cells, columns, texts)
        if unclear is not None:
            return NearMiss(_remark("ambiguous_header", header=unclear), GUESS) if columns else None
    missing = [name for name in variant.required if name not in columns]
    wanted_columns = len(variant.required) or 1
    score = (len(variant.required) - len(missing)) / wanted_columns
    if dataset.shape == "percentages" and not (
        any(k in columns for k in SCHOOL_KEYS) and any(k.startswith("failed_pct:") for k in columns)
    ):
        return None
    looks = _lookalikes(candidate, folded, cells)
    if looks and (len(variant.required) - len(missing) + len(looks)) * 2 > len(variant.required):
        header, expected = looks[0]
        return NearMiss(_remark("lookalike_letters", header=f"«{header}»", expected=expected), GUESS)
    if missing:
        # reports share their first columns with many others that are none of ours
        # numbers alone are cells of data, such as the 2, 3, 4 and 5 of a row, and no damaged header
        if (
            dataset.kind == "report"
            or score < 0.5
            or len(columns) < 2
            or all(folded[i].isdigit() for i in columns.values())
        ):
            return None
        if not _has_own(candidate, columns, missing, folded, cells):
            return None
        remark = _missing_remark(candidate, missing, folded, cells)
        # of forms that lack as much the one is meant of which some header reminds
        reminds = 0.0 if remark.details["nearest"] == NOTHING_NEAR else 0.01
        return NearMiss(remark, score * min(1.0, count / 3) + reminds)
    if twice:
        return NearMiss(_remark("ambiguous_header", header=", ".join(f"«{t}»" for t in twice)), GUESS)
    return Header(
        dataset,
        (variant,),
        0,
        columns,
        tasks,
        maximum if has_maximum else None,
        texts,
        folded,
        unknown=_unknown(candidate, folded, cells),
        has_maxima=bool(variant.below),
        copy_at=copy_at,
    )


def _written(cell: Cell) -> str:
    """A header as its sender sees it: a number cell ``2.0`` is ``2``."""
    return without_zero_fraction(cell.strip()) if isinstance(cell, str) else cell_text(cell)


def _procedure_columns(
    folded: tuple[str, ...], cells: Sequence[Cell], columns: dict[str, int], texts: dict[str, str]
) -> str | None:
    """Add the columns of procedures; a text where one of them is unclear or stands twice.

    Where none is clear, most of the columns that are no keys must be unclear ones: any other table may name
    an exam somewhere.
    """
    others = [i for i, name in enumerate(folded) if name and i not in columns.values()]
    unclear: list[str] = []
    for i in others:
        parsed = procedures.parse_header(folded[i])
        header = " ".join(str(cells[i]).split())
        if isinstance(parsed, str):
            unclear.append(f"«{header}» (непонятно: {parsed})")
        elif parsed is not None and parsed.key in columns:
            return f"«{header}»"
        elif parsed is not None:
            columns[parsed.key] = i
            texts[parsed.key] = header
    is_clear = any(key.startswith("failed_pct:") for key in columns)
    return unclear[0] if unclear and (is_clear or len(unclear) * 2 > len(others)) else None


def _lookalikes(candidate: _Known, folded: tuple[str, ...], cells: Sequence[Cell]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for i, name in enumerate(folded):
        if name and name not in candidate.names and not name.isdigit():
            known = candidate.skeletons.get(skeleton(name))
            if known is not None:
                found.append((" ".join(str(cells[i]).split()), known))
    return found


def _lookalike_only(folded: tuple[str, ...], cells: Sequence[Cell]) -> NearMiss | None:
    """A row in which no name is known, but all would be with other letters."""
    if not any(is_mixed(name) for name in folded):
        return None
    for candidate in _index()[0]:
        looks = _lookalikes(candidate, folded, cells)
        if len(looks) * 2 > len(candidate.variant.required) and len(looks) > 1:
            header, expected = looks[0]
            remark = _remark("lookalike_letters", header=f"«{header}»", expected=expected)
            return NearMiss(remark, GUESS)
    return None


def _remark(rule: str, **details: str) -> Remark:
    return Remark(rule, "file", details=details)


def _has_own(
    candidate: _Known,
    columns: dict[str, int],
    missing: Sequence[str],
    folded: tuple[str, ...],
    cells: Sequence[Cell],
) -> bool:
    """Whether more than a school and a period, which tables of others have too, reminds of the dataset."""
    fields = candidate.dataset.fields
    if any(fields[n].type not in KEY_TYPES for n in candidate.variant.required if n in columns):
        return True
    unknown = [fold_header(header) for header in _unknown(candidate, folded, cells)]
    names = [fold_header(candidate.variant.headers[n][0]) for n in missing if fields[n].type not in KEY_TYPES]
    return any(
        any(name in header for header in unknown)
        or difflib.get_close_matches(name, unknown, n=1, cutoff=REMINDS)
        for name in names
    )


def _missing_remark(
    candidate: _Known, missing: Sequence[str], folded: tuple[str, ...], cells: Sequence[Cell]
) -> Remark:
    """Name the missing columns and the nearest present ones that are no declared header."""
    names = [candidate.variant.headers[name][0] for name in missing]
    unknown = _unknown(candidate, folded, cells)
    return _remark(
        "missing_column",
        missing=", ".join(f"«{n}»" for n in names),
        nearest=nearest_headers(names, unknown),
        form=candidate.dataset.title,
    )


def _unknown(candidate: _Known, folded: tuple[str, ...], cells: Sequence[Cell]) -> tuple[str, ...]:
    """Headers as written that the dataset does not declare."""
    return tuple(
        " ".join(str(cells[i]).split())
        for i, name in enumerate(folded)
        if name and name not in candidate.names and not name[:1].isdigit()
    )


def nearest_headers(names: Sequence[str], unknown: Sequence[str]) -> str:
    """The headers that a sender may have meant by ``names``, quoted, for a remark."""
    by_fold = {fold_header(header): header for header in unknown}
    nearest: list[str] = []
    for name in names:
        if fold_header(name) in SCHOOL_HEADERS and (of_school := list(filter(_OF_SCHOOL.search, by_fold))):
            nearest.append(f"«{by_fold[of_school[0]]}»")
            continue
        for close in difflib.get_close_matches(fold_header(name), list(by_fold), n=1, cutoff=0.4):
            if f"«{by_fold[close]}»" not in nearest:
                nearest.append(f"«{by_fold[close]}»")
    return ", ".join(nearest) or NOTHING_NEAR

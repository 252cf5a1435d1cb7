"""SQL macros from cell texts to values: one place for how a number, a date or a year may be written.

A macro gives null where the text is no such value. Nothing is guessed: ``1.112`` is no thousand, ``1 2`` is
no number. Texts come from `reading`: "" for an empty cell, ISO dates, numbers without a trailing
``.0``, formula errors as ``#…``.
"""

from __future__ import annotations

import duckdb

SPACES = "\u00a0\u2007\u2009\u202f\t\n\r"
"""Spaces that exports put between thousands and around values, besides the ordinary one."""

FORMULA_ERROR = r"#(N/A|Н/Д|[A-ZА-Я0-9/]+[!?])"
"""In English and Russian: ``#REF!``, ``#ДЕЛ/0!``, ``#ИМЯ?`` …; the pattern meets upper case."""

AFTER_DATE = "([T ][0-9]{1,2}:[0-9:.]+(Z| ?[+-][0-9:]+)?| ?г(ода)?[.]?)?"

YEAR_WORDS = "( ?(уч[.]? ?г(од)?[.]?|учебный год|год|гг?[.]?))?"

NO_COUNT = ("-", "–", "—", "−", "н/д", "н.д.", "нет данных")
"""What is written into a cell of counts that has none."""

ROMAN = ("i", "ii", "iii", "iv")


def period_macro(name: str, words: str) -> str:
    """A macro for the number of a quarter or half-year: ``3``, ``III``, ``3 четверть``, ``III-я
    четверть``."""
    number = "regexp_extract(folded(translate(t, 'Іі', 'Ii')), '^([0-9]+|[ivⅰ-ⅳ]+)', 1)"
    roman = " ".join(
        f"when {number} in ('{text}', '{chr(0x2170 + place)}') then {place + 1}"
        for place, text in enumerate(ROMAN)
    )
    return f"""create or replace macro {name}(t) as case
        when t = '' then null
        when integer_value(t) is not null then integer_value(t)
        when regexp_full_match(
            folded(translate(t, 'Іі', 'Ii')), '([0-9]|[ivⅰ-ⅳ]+)( ?-? ?(я|ая|й|ый|ое|е))?( ?({words}))?'
        ) then case {roman} else try_cast({number} as bigint) end
    end"""


MACROS = (
    # ordinary spaces only, none at the ends
    f"""create or replace macro spaced(t) as
        trim(translate(t, '{SPACES}', '{" " * len(SPACES)}'))""",
    # for comparing words: case, ё, runs of spaces do not matter
    """create or replace macro folded(t) as
        regexp_replace(replace(lower(spaced(t)), 'ё', 'е'), ' +', ' ', 'g')""",
    # a case, because an `and` would look at the pattern for every row
    f"""create or replace macro is_formula_error(t) as case
        when starts_with(t, '#') then regexp_full_match(upper(spaced(t)), '{FORMULA_ERROR}') else false
    end""",
    # a plain number with a point: thousands by spaces, decimal comma or point
    """create or replace macro number_text(t) as case
        when regexp_full_match(t, '[0-9]+') then t
        when regexp_full_match(
            replace(spaced(t), '−', '-'), '[+-]?([0-9]+|[0-9]{1,3}( [0-9]{3})+)([.,][0-9]+)?'
        ) then replace(replace(replace(replace(spaced(t), '−', '-'), ' ', ''), ',', '.'), '+', '')
    end""",
    # Excel writes tiny and huge cells in powers of ten
    """create or replace macro decimal_value(t) as case
        when t = '' then null
        when regexp_full_match(t, '[+-]?[0-9]+([.][0-9]+)?[eE][+-]?[0-9]{1,3}')
            then case
                when isfinite(try_cast(t as double)) then try_cast(try_cast(t as double) as decimal(28, 10))
            end
        else try_cast(number_text(t) as decimal(28, 10))
    end""",
    # in a column of percentages 40 and 40 % are one
    """create or replace macro without_percent_sign(t) as
        case when ends_with(t, '%') then trim(spaced(left(t, length(t) - 1))) else t end""",
    # most cells are digits as they should be: a cast there and back is cheaper than a pattern
    # 1,000 may be one or a thousand
    """create or replace macro integer_value(t) as case
        when t = '' then null
        when try_cast(t as integer)::varchar = t then t::bigint
        when regexp_full_match(number_text(t), '-?[1-9][0-9]{0,2}[.]000') then null
        when regexp_full_match(number_text(t), '-?[0-9]+([.]0+)?')
            then try_cast(split_part(number_text(t), '.', 1) as bigint)
    end""",
    # beyond what a column can hold: the range rules say what is wrong with it
    """create or replace macro clipped(v, lowest, highest) as case
        when v > highest then highest when v < lowest then lowest else v
    end""",
    # a time may follow, and nothing else that could be another date
    f"""create or replace macro date_value(t) as case
        when t = '' then null
        when t[3] = '.' and t[6] = '.' and (length(t) = 10 or (t[11] = ' ' and t[14] = ':'))
            then try_cast(t[7:10] || '-' || t[4:5] || '-' || t[1:2] as date)
        when regexp_full_match(t, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{AFTER_DATE}')
            then try_cast(left(t, 10) as date)
        when regexp_full_match(spaced(t), '[0-9]{{1,2}}[.][0-9]{{1,2}}[.][0-9]{{4}}{AFTER_DATE}')
            then try_strptime(regexp_extract(t, '[0-9.]+'), '%d.%m.%Y')::date
        when regexp_full_match(spaced(t), '[0-9]{{1,2}}[.][0-9]{{1,2}}[.][0-9]{{2}}{AFTER_DATE}')
            then try_strptime(
                regexp_replace(regexp_extract(t, '[0-9.]+'), '([0-9]{{2}})$', '20\\1'), '%d.%m.%Y'
            )::date
        when regexp_full_match(spaced(t), '[0-9]{{4}}[.][0-9]{{2}}[.][0-9]{{2}}{AFTER_DATE}')
            then try_strptime(regexp_extract(t, '[0-9.]+'), '%Y.%m.%d')::date
    end""",
    # 2022, 2022 год, 2022-2023, 2022/23: the first year of an academic year is its reporting year
    """create or replace macro academic_year_value(t) as case
        when regexp_full_match(folded(t), '[0-9]{4} ?[-–—−/] ?([0-9]{4}|[0-9]{2})"""
    + YEAR_WORDS
    + """')
            and try_cast(right(regexp_extract(folded(t), '[-–—−/] ?([0-9]{2,4})', 1), 2) as integer)
                = (try_cast(left(folded(t), 4) as integer) + 1) % 100
            and (
                length(regexp_extract(folded(t), '[-–—−/] ?([0-9]{2,4})', 1)) = 2
                or try_cast(regexp_extract(folded(t), '[-–—−/] ?([0-9]{2,4})', 1) as integer)
                    = try_cast(left(folded(t), 4) as integer) + 1
            )
            then try_cast(left(folded(t), 4) as integer)
    end""",
    """create or replace macro year_value(t) as case
        when t = '' then null
        when try_cast(t as integer)::varchar = t then t::integer
        when regexp_full_match(folded(t), '[0-9]{4} ?(год|г[.]?)') then left(folded(t), 4)::integer
        when integer_value(t) is not null then try_cast(integer_value(t) as integer)
        else academic_year_value(t)
    end""",
    period_macro("quarter_value", "четверть|четв[.]?|кв[.]?|квартал"),
    period_macro("half_year_value", "полугодие|полуг[.]?|п/г"),
    # what stands for "none" in a count; most texts are shorter or longer than all of them
    f"""create or replace macro count_text(t) as case
        when t in ('0', '1') then t
        when folded(t) in ({", ".join(repr(word) for word in NO_COUNT)}) then ''
        else t
    end""",
    # 006036, 6036, 6036.0 and, with a decimal comma, 6036,0 are one
    """create or replace macro school_code(t) as case
        when regexp_full_match(spaced(t), '[0-9]+([.,]0+)?')
            then ltrim(regexp_extract(spaced(t), '[0-9]+'), '0')
    end""",
    # 006036 МБОУ СОШ № 36 too
    """create or replace macro named_code(t) as coalesce(
        school_code(t), school_code(regexp_extract(spaced(t), '^([0-9]{3,})[ .,;:|/_(–—-]+[^0-9 ]', 1))
    )""",
    # sch223080 = edu223080, also inside a name; or the six digits alone
    """create or replace macro login_digits(t) as case
        when regexp_matches(lower(t), '(sch|edu)[0-9]{6}([^0-9]|$)')
            then regexp_extract(lower(t), '(?:sch|edu)([0-9]{6})', 1)
        when regexp_full_match(spaced(t), '[0-9]{6}') then spaced(t)
    end""",
    # 4.1., 4.1 and a number cell 4.1 are one; a date is none
    """create or replace macro item_value(t) as case
        when regexp_full_match(spaced(t), '[0-9]{1,2}([.][0-9]{1,2})?[.]?') then rtrim(spaced(t), '.')
    end""",
    # codes of contents: '9.14; 9.15' is two, each once
    """create or replace macro content_codes(t) as case
        when not is_formula_error(t) then nullif(array_to_string(list_distinct(list_filter(
            list_transform(string_split_regex(t, '[,;\\n]+'), c -> rtrim(spaced(c), '. ')), c -> c <> ''
        )), ', '), '')
    end""",
    # '1.4; 1.6' and '1.4,1.6' are '1.4, 1.6', in the order of the methodology, each once
    """create or replace macro codes_value(t) as case
        when regexp_full_match(
            spaced(t), '[0-9]{1,2}[.][0-9]{1,2}[.]?( *[,;]+ *[0-9]{1,2}[.][0-9]{1,2}[.]?)*[,; ]*'
        )
            then array_to_string(list_transform(list_sort(list_transform(
                list_distinct(regexp_extract_all(t, '[0-9]{1,2}[.][0-9]{1,2}')),
                code -> {
                    'task': split_part(code, '.', 1)::integer, 'number': split_part(code, '.', 2)::integer
                }
            )), code -> code.task || '.' || code.number), ', ')
    end""",
)


def define(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macros known to a connection."""
    for macro in MACROS:
        connection.execute(macro)

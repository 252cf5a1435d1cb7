"""Protocols, appeals, ВПР, statistics and tables of percentages."""

from __future__ import annotations

import pytest
from tests.unit.reading import builders
from tests.unit.reading.conftest import Reader, only_block, rejection

EGE = ["№", "Код ОО", "Фамилия", "Имя", "Отчество", "Серия", "Номер", "Первичный балл", "Балл"]
PUPIL = ["1", "000101", "Тестов", "Пётр", "Ильич", "0012", "004521", "30", "50"]


def protocol(title: str, *rows: list[str], header: list[str] = EGE) -> str:
    return title + "\r\n" + builders.csv_text([header, *rows])


@pytest.mark.parametrize(
    ("title", "subject", "date"),
    [
        ("01 - Русский язык 2022.06.23", "russian", "2022-06-23"),
        ('"Английский язык п:2022.06.14; у:2022.06.16"', "english", "2022-06-14"),
        (";;;02 - Математика профильная 2022.06.02", "math_profile", "2022-06-02"),
        (';;;"""25 - Информатика и ИКТ (КЕГЭ) 2022.06.20"""', "informatics", "2022-06-20"),
        ("Физика 06.06.2022", "physics", "2022-06-06"),
        ("Физика 06.06.22", "physics", "2022-06-06"),
        (
            "Протокол проверки\r\n23 - Тестовый край\r\n\r\n03 - Физика 2022.06.06\r\n",
            "physics",
            "2022-06-06",
        ),
        ("01 - Астрология 2022.06.06", "01 - Астрология", "2022-06-06"),
        ("Русский язык (ЕГЭ) 2022.05.30", "russian", "2022-05-30"),
        ("Предмет: 03 - Физика 2022.06.06", "physics", "2022-06-06"),
        ("Физика (резервный день) 2022.06.30", "physics", "2022-06-30"),
        ("Физика ОГЭ 2022.06.30", "Физика ОГЭ", "2022-06-30"),
    ],
)
def test_a_title_gives_subject_date_and_year(read: Reader, title: str, subject: str, date: str) -> None:
    block = only_block(read("protocol.csv", protocol(title, PUPIL)))

    assert block.dataset == "ege_results"
    assert block.constants == {"subject": subject, "exam_date": date, "reporting_year": "2022"}


def test_a_block_holds_pseudonyms_and_nothing_else_of_a_pupil(read: Reader) -> None:
    reading = read("protocol.csv", protocol("01 - Русский язык 2022.06.23", PUPIL))

    block = only_block(reading)
    assert set(block.columns) == {
        "school_code",
        "pupil_id",
        "pupil_name_id",
        "has_document",
        "primary_score",
        "test_score",
    }
    assert not any(word in repr(reading) for word in ("Тестов", "Пётр", "Ильич", "004521", "4521"))


def test_a_pupil_is_the_same_with_document_or_series_and_number_and_in_an_xls(read: Reader) -> None:
    joined = [*EGE[:5], "Документ", *EGE[7:]]
    as_text = protocol("01 - Русский язык 2022.06.23", PUPIL)
    as_document = protocol(
        "01 - Русский язык 2022.06.23", [*PUPIL[:5], "0012 004521", "30", "50"], header=joined
    )
    as_numbers = builders.xls(
        [["01 - Русский язык 2022.06.23"], EGE, [1, 101, "ТЕСТОВ", "Петр", "ильич", 12, 4521, 30, 50]]
    )

    ids = {
        only_block(read(name, content)).columns["pupil_id"][0]
        for name, content in (("a.csv", as_text), ("b.csv", as_document), ("c.xls", as_numbers))
    }

    assert len(ids) == 1


def test_columns_in_any_order_and_empty_columns_between_change_nothing(read: Reader) -> None:
    spaced = [name for header in EGE[::-1] for name in (header, "")]
    row = [cell for value in PUPIL[::-1] for cell in (value, "")]
    plain = only_block(read("a.csv", protocol("01 - Русский язык 2022.06.23", PUPIL)))

    block = only_block(read("b.csv", protocol("01 - Русский язык 2022.06.23", row, header=spaced)))

    assert block.columns == plain.columns


def test_footers_are_skipped_and_say_what_was_printed(read: Reader) -> None:
    footers = [
        ["Средние", "", "", "", "", "", "", "30,5", "51,2"],
        ["Минимальная граница", "", "", "24", "", "", "", "", ""],
        ["Всего участников", "", "", "", "", "", "", "", "1"],
    ]

    reading = read("protocol.csv", protocol("01 - Русский язык 2022.06.23", PUPIL, *footers))

    block = only_block(reading)
    assert (block.row_numbers, reading.rows_skipped) == ([3], 3)
    assert block.constants["printed_minimum"] == "24"
    assert block.footer == {"mean_primary_score": "30.5", "mean_test_score": "51.2", "participants": "1"}


def test_a_pupil_called_like_a_footer_is_a_pupil(read: Reader) -> None:
    row = ["Всего", "000101", "Итого", "Пётр", "Ильич", "0012", "004521", "30", "50"]

    assert only_block(read("protocol.csv", protocol("01 - Русский язык 2022.06.23", row))).row_numbers == [3]


def oge(title: str, score: str = "Оценка") -> str:
    return protocol(title, [*PUPIL[:8], "4"], header=[*EGE[:8], score])


@pytest.mark.parametrize(
    ("title", "dataset", "subject"),
    [
        ("01 - Русский язык 2022.06.07", "oge_results", "russian"),
        ("02 - Математика 2022.05.23", "oge_results", "math"),
        ("05 - Информатика 2022.06.15", "oge_results", "informatics"),
        ("22 - Математика базовая 2022.06.03", "ege_results", "math_base"),
        ("22 - Математика 2022.06.03", "ege_results", "math_base"),
        ("Математика (базовый уровень) 2022.06.03", "ege_results", "math_base"),
    ],
)
def test_a_mark_means_oge_but_for_base_maths(read: Reader, title: str, dataset: str, subject: str) -> None:
    block = only_block(read("protocol.csv", oge(title)))

    assert (block.dataset, block.constants["subject"]) == (dataset, subject)
    assert block.columns["mark"] == ["4"]


def test_base_maths_with_a_score_would_have_to_be_guessed(read: Reader) -> None:
    assert (
        rejection(read("protocol.csv", oge("22 - Математика базовая 2022.06.03", "Балл")))
        == "ambiguous_header"
    )


SENTENCE = (
    "Протокол проверки результатов государственной итоговой аттестации обучающихся, освоивших основные "
    "образовательные программы {level} общего образования в 2026 г. {subject}"
)


@pytest.mark.parametrize(
    ("level", "score", "subject", "found"),
    [
        ("основного", "Оценка", "“Русский язык”", ("oge_results", "russian")),
        ("основного", "Оценка", "«Математика»", ("oge_results", "math")),
        ("среднего", "Балл", "„Математика“", ("ege_results", "math_profile")),
        ("среднего (полного)", "Балл", '"03 - Физика"', ("ege_results", "physics")),
        ("среднего", "Оценка", "“Математика базовая”", ("ege_results", "math_base")),
        ("основного", "Оценка", "'Русский язык'", ("oge_results", "russian")),
        ("основного", "Оценка", "''Русский\nязык''", ("oge_results", "russian")),
        ("основного", "Оценка", "‹Русский язык› от ‹02› июня", ("oge_results", "russian")),
        ("среднего", "Балл", "‘Русский язык’", ("ege_results", "russian")),
        ("среднего", "Балл", "Математика", ("ege_results", "math_profile")),
        ("основного", "Оценка", "по русскому языку", ("oge_results", "russian")),
    ],
)
def test_since_2026_a_title_is_a_sentence_with_the_subject_in_quotation_marks(
    read: Reader, level: str, score: str, subject: str, found: tuple[str, str]
) -> None:
    title = SENTENCE.format(level=level, subject=subject)
    header = ["ID", *EGE[1:8], score]
    row = [*PUPIL[:8], "4" if score == "Оценка" else "50"]

    block = only_block(read("protocol.xlsx", builders.xlsx([[title], [], header, row])))

    assert (block.dataset, block.constants["subject"]) == found
    assert block.constants == {"subject": found[1], "reporting_year": "2026"}


@pytest.mark.parametrize(
    ("level", "score", "subject"),
    [("основного", "Балл", "“Физика”"), ("среднего", "Оценка", "“Физика”")],
)
def test_a_sentence_that_contradicts_the_header_would_have_to_be_guessed(
    read: Reader, level: str, score: str, subject: str
) -> None:
    title = SENTENCE.format(level=level, subject=subject)
    rows = [[title], [*EGE[:8], score], [*PUPIL[:8], "4"]]

    assert rejection(read("protocol.xlsx", builders.xlsx(rows))) == "ambiguous_header"


@pytest.mark.parametrize("subject", ["Физика, химия", "«Физика», «химия»", "«Астрология», физика", ""])
def test_a_sentence_that_names_not_one_subject_names_none(read: Reader, subject: str) -> None:
    rows = [[SENTENCE.format(level="основного", subject=subject)], [*EGE[:8], "Оценка"], [*PUPIL[:8], "4"]]

    assert rejection(read("2026/protocol.xlsx", builders.xlsx(rows))) == "no_subject"


def test_a_sentence_above_appeals_gives_them_its_year(read: Reader) -> None:
    rows = [[c for i, c in enumerate(row) if i != 8] for row in (*APPEALS, *appeal(""))]
    title = SENTENCE.format(level="основного", subject="«Физика»")

    block = only_block(read("appeals.xlsx", builders.xlsx([[title], *rows])))

    assert (block.constants["reporting_year"], block.columns["subject_oge"]) == ("2026", ["physics"])


def test_the_level_and_the_subject_may_stand_in_lines_of_their_own(read: Reader) -> None:
    sentence = SENTENCE.format(level="основного", subject="").replace("2026 г. ", "2026 году")
    rows = [[sentence], ["", "«Химия»"], [*EGE[:8], "Оценка"], [*PUPIL[:8], "4"]]

    block = only_block(read("protocol.xlsx", builders.xlsx(rows)))

    assert (block.dataset, block.constants) == (
        "oge_results",
        {"subject": "chemistry", "reporting_year": "2026"},
    )


def test_the_main_period_of_exams_is_no_level_of_education(read: Reader) -> None:
    title = "03 - Физика 2022.06.06"
    rows = [["Протокол основного периода"], [title], EGE, PUPIL]

    assert only_block(read("protocol.xlsx", builders.xlsx(rows))).dataset == "ege_results"


def test_the_final_exam_of_the_state_in_a_sentence_is_skipped(read: Reader) -> None:
    title = SENTENCE.format(level="основного", subject="(ГВЭ) “Русский язык”")
    rows = [[title], [*EGE[:8], "Оценка"], [*PUPIL[:8], "4"]]

    reading = read("protocol.xlsx", builders.xlsx(rows))

    assert only_block(reading).columns["is_left_out"] == ["true"]


def test_gve_is_marked_by_category_and_by_title(read: Reader) -> None:
    header = [*EGE[:8], "Оценка", "Категория участника"]
    rows = [[*PUPIL[:8], "4", "ВТГ"], [*PUPIL[:8], "4", "ГВЭ"], ["Всего участников", *[""] * 7, "2", ""]]
    text = protocol("02 - Математика 2022.05.23", *rows, header=header)
    text += "\r\n" + protocol("52 - Математика (ГВЭ) 2022.05.23", rows[0], rows[2], header=header)

    reading = read("protocol.csv", text)

    by_category, by_title = reading.blocks
    assert (by_category.columns["is_left_out"], by_category.footer["left_out"]) == (["", "true"], "1")
    assert (by_title.columns["is_left_out"], by_title.footer["left_out"]) == (["true"], "1")
    assert reading.rows_skipped == 2


def test_a_file_with_gve_only_is_recognised_also_where_it_lacks_a_subject(read: Reader) -> None:
    reading = read("protocol.csv", oge("52 - Математика (ГВЭ) 2022.05.23"))
    without_year = read("protocol.csv", oge("Математика (ГВЭ)"))

    assert (reading.dataset, only_block(reading).columns["is_left_out"]) == ("oge_results", ["true"])
    assert (without_year.dataset, without_year.blocks, without_year.rows_skipped) == ("oge_results", [], 1)
    assert not reading.rejected and not without_year.rejected


def test_without_a_title_the_path_gives_subject_and_year(read: Reader) -> None:
    text = builders.csv_text([EGE, PUPIL])

    assert only_block(read("2022/Математика.csv", text)).constants == {
        "subject": "math",
        "reporting_year": "2022",
    }
    assert rejection(read("2022/Список.csv", text)) == "no_subject"
    assert rejection(read("Физика.csv", text)) == "no_year"


APPEALS = [
    [
        "№",
        "Код ОО",
        "Фамилия",
        "Имя",
        "Отчество",
        "Документ",
        "Тип апелляции / перепроверки",
        "Состояние",
        "Экзамен",
        "Балл до изменения",
        "Текущие",
        "",
        "Разница",
    ],
    [*[""] * 10, "Первичный балл", "Балл", ""],
]


def appeal(*exams: str) -> list[list[str]]:
    return [
        [
            "1",
            "000101",
            "Тестов",
            "Пётр",
            "Ильич",
            "0012 004521",
            "О несогласии",
            "Апелляция удовлетворена",
            exam,
            "23",
            "15",
            "25",
            "2",
        ]
        for exam in exams
    ]


def test_appeals_have_a_header_of_two_rows_and_name_the_exam(read: Reader) -> None:
    rows = appeal(
        "Русский язык(2022.05.30)", "02 - Математика(2022.06.02)", "Математика профильная(2022.06.02)"
    )

    block = only_block(read("appeals.csv", builders.csv_text([*APPEALS, *rows])))

    assert block.row_numbers == [3, 4, 5]
    assert block.columns["subject_ege"] == ["russian", "math_profile", "math_profile"]
    assert block.columns["subject_oge"] == ["russian", "math", "math_profile"]
    assert block.columns["exam_date"] == ["2022-05-30", "2022-06-02", "2022-06-02"]
    assert (block.columns["primary_score"], block.columns["score"]) == (["15"] * 3, ["25"] * 3)
    assert block.columns["reporting_year"] == ["2022"] * 3


def test_the_exam_of_appeals_may_stand_in_a_title(read: Reader) -> None:
    header = [[c for i, c in enumerate(row) if i != 8] for row in APPEALS]
    rows = [[c for i, c in enumerate(row) if i != 8] for row in appeal("")]

    block = only_block(
        read("appeals.csv", ";;;12 - Обществознание 2022.06.09\n" + builders.csv_text([*header, *rows]))
    )

    assert (block.columns["subject_ege"], block.columns["exam_date"]) == (["social_studies"], ["2022-06-09"])


def test_a_header_of_appeals_in_one_row_is_understood_too(read: Reader) -> None:
    header = [below or top for top, below in zip(*APPEALS, strict=True)]
    one_row = [[c for i, c in enumerate(row) if i != 8] for row in (header, *appeal(""))]

    block = only_block(read("appeals.csv", "12 - Обществознание 2022.06.09\n" + builders.csv_text(one_row)))

    assert (block.columns["subject_ege"], block.columns["score"]) == (["social_studies"], ["25"])


def test_a_pupil_of_an_appeal_is_the_pupil_of_the_protocol(read: Reader) -> None:
    of_protocol = only_block(read("protocol.csv", protocol("01 - Русский язык 2022.06.23", PUPIL)))
    of_appeal = only_block(
        read("appeals.csv", builders.csv_text([*APPEALS, *appeal("Русский язык(2022.06.23)")]))
    )

    assert of_appeal.columns["pupil_id"] == of_protocol.columns["pupil_id"]
    assert of_appeal.columns["pupil_name_id"] == of_protocol.columns["pupil_name_id"]


GENERATIONS = {
    "2020": (
        [
            "groups",
            "user",
            "id",
            "code",
            "otc",
            "gender",
            "klass",
            "var-1",
            "var-2",
            "sum",
            "a-1-grade",
            "Учебник",
            "a-3-grade",
        ],
        ["reg_m001,x", "sch900101", "1", "60001", "4\u00a0", "м", "5а", "1", "", "12", "X", "Учебник", "2"],
    ),
    "2021": (
        [
            "логин школы",
            "регион",
            "номер обучающегося",
            "код обучающегося",
            "отметка за предыдущую четверть/триместр",
            "пол",
            "класс",
            "вариант",
            "всего баллов",
            "балл за 1",
            "балл за 2",
            "Учебник",
        ],
        ["sch900101", "Тестовый район", "1", "60001", "4", "м", "а", "1", "12", "X", "2", "Учебник"],
    ),
    "2022": (
        [
            "Пользователь",
            "Код региона",
            "Регион",
            "Муниципалитет",
            "Школа",
            "Дата загрузки",
            "Код",
            "Вариант",
            "1 (2б)",
            "2К1 (3б)",
            "Наименование класса",
            "Пол",
            "Отметка за предыдущий триместр/ четверть/полугодие",
            "Итого баллов",
        ],
        [
            "edu900101",
            "99",
            "reg | Край",
            "reg_m001 | Тестовый район",
            "edu900101 | СОШ № 1 ",
            "16.03.2022 08:23:11",
            "60001",
            "1",
            "X",
            "2",
            "5А",
            "м",
            "4",
            "12",
        ],
    ),
}


@pytest.mark.parametrize("generation", list(GENERATIONS))
def test_each_generation_of_vpr_gives_the_same_columns(read: Reader, generation: str) -> None:
    header, row = GENERATIONS[generation]

    block = only_block(read(f"{generation}/5/Математика.csv", builders.csv_text([header, row])))

    assert block.dataset == "vpr_results"
    assert block.columns["login"][0][3:] == "900101"
    assert block.columns["variant"] == ["1"]
    assert block.columns["total"] == ["12"]
    assert block.columns["journal_mark"] == ["4"]
    assert block.columns.get("municipality_name", ["Тестовый район"]) == ["Тестовый район"]
    assert list(block.tasks.values()) == [["X"], ["2"]]
    assert block.constants["reporting_year"] == generation
    assert (block.constants["grade"], block.constants["subject"]) == ("5", "math")
    assert len(block.columns["pupil_id"][0]) == 32
    assert "60001" not in repr(block)


def test_a_code_of_vpr_is_the_same_as_number_and_as_text_with_a_fraction(read: Reader) -> None:
    header, row = GENERATIONS["2021"]
    place = next(i for i, cell in enumerate(row) if str(cell) == "60001")

    ids = {
        only_block(read("2021/5/Математика.csv", builders.csv_text([header, written]))).columns["pupil_id"][0]
        for written in ([*row[:place], code, *row[place + 1 :]] for code in ("60001", "60001.0", "60001,0"))
    }

    assert len(ids) == 1


def test_the_maxima_in_the_headers_add_up(read: Reader) -> None:
    header, row = GENERATIONS["2022"]

    assert (
        only_block(read("2022/5/Математика.csv", builders.csv_text([header, row]))).constants["printed_max"]
        == "5"
    )


@pytest.mark.parametrize("name", ["Вариант 2", "вариант-2"])
def test_a_second_variant_is_one_in_the_exports_of_later_years_too(read: Reader, name: str) -> None:
    header = ["Логин школы", "Регион", "Код обучающегося", "Вариант", name, "Всего баллов", "Балл за 1"]
    rows: list[list[object]] = [
        ["sch900101", "Тестовый район", code, 1, second, 1, 1]
        for code, second in (("1", 2), ("2", "отсутствовал"), ("3", 0), ("4", ""))
    ]

    block = only_block(read("2021/5/Математика.xlsx", builders.xlsx([header, *rows])))

    assert block.columns["variant"] == ["1", "отсутствовал", "отсутствовал", "1"]


def test_the_second_variant_of_2020_counts_where_the_first_is_empty(read: Reader) -> None:
    header, row = GENERATIONS["2020"]
    other = [*row[:7], "", "2", *row[9:]]
    absent = [*row[:7], "отсутствовал", "", *row[9:]]

    block = only_block(read("2020/5/Математика.csv", builders.csv_text([header, row, other, absent])))

    assert block.columns["variant"] == ["1", "2", "отсутствовал"]


@pytest.mark.parametrize(
    ("parts", "variants", "wrote_one"),
    [
        (["1 1", "1 отсутствовал", "2 0"], "1 отсутствовал отсутствовал", [1, 2]),
        (["1 1", "1 Отсутствовал(а)", "отсутствовал 2"], "1 отсутствовал отсутствовал", [1, 2]),
        (["1 1", "1 -", "- -", "- 2"], "1 1 - 2", []),
        (["1 1", "отсутствовал -", "отсутствовал 0"], "1 отсутствовал отсутствовал", []),
        (["1 0", "2 0", "отсутствовал отсутствовал"], "1 2 отсутствовал", []),
        (["1 0.0", "2 -", "- отсутствовал"], "1 2 отсутствовал", []),
    ],
)
def test_half_a_work_of_two_parts_is_no_work(
    read: Reader, parts: list[str], variants: str, wrote_one: list[int]
) -> None:
    header, row = GENERATIONS["2020"]
    first, second, code = (header.index(name) for name in ("var-1", "var-2", "code"))
    rows = []
    for number, part in enumerate(parts):
        cells = [*row]
        cells[first], cells[second] = (p.strip("-") for p in part.split())
        cells[code] = str(7001 + number)
        rows.append(cells)

    columns = only_block(read("2020/4/Русский язык.csv", builders.csv_text([header, *rows]))).columns

    assert columns["variant"] == [v.strip("-") for v in variants.split()]
    assert [i for i, one in enumerate(columns.get("wrote_one_part", [])) if one] == wrote_one


def test_a_date_of_the_rows_gives_the_year_that_the_path_lacks(read: Reader) -> None:
    header, row = GENERATIONS["2022"]

    block = only_block(read("Математика, 5 класс.csv", builders.csv_text([header, row])))

    assert block.constants["reporting_year"] == "2022"


def test_the_dates_of_the_rows_win_over_the_year_of_a_folder(read: Reader) -> None:
    header, row = GENERATIONS["2022"]

    block = only_block(read("2021/5/Математика.csv", builders.csv_text([header, row])))

    assert block.constants["reporting_year"] == "2022"


def test_the_path_decides_between_dates_of_two_years(read: Reader) -> None:
    header, row = GENERATIONS["2022"]
    other = [cell.replace("16.03.2022", "16.01.2023") for cell in row]

    named = only_block(read("2022/5/Математика.csv", builders.csv_text([header, row, other])))
    unnamed = only_block(read("5/Математика.csv", builders.csv_text([header, row, other])))

    assert named.constants["reporting_year"] == "2022"
    assert unnamed.columns["reporting_year"] == ["2022", "2023"]


def test_without_the_variant_nobody_can_tell_who_was_absent(read: Reader) -> None:
    header, row = GENERATIONS["2021"]
    text = builders.csv_text([header[:7] + header[8:], row[:7] + row[8:]])

    reading = read("Математика, 5 класс. ВПР 2021.csv", text)

    assert rejection(reading) == "missing_column"
    assert reading.remarks[0].details["missing"] == "«вариант»"


def test_the_sheet_of_classes_beside_the_results_is_skipped(read: Reader) -> None:
    header, row = GENERATIONS["2022"]
    classes = [[*header[:6], "Буква (цифра) класса", "Учебник"], [*row[:6], "5А", "Учебник"]]
    data = builders.xlsx({"Классы": classes, "Протокол": [header, row]})

    reading = read("2022/5/Математика.xlsx", data)

    assert reading.skipped_sheets == ["Классы"]
    assert only_block(reading).sheet == "Протокол"


F1 = [
    ["Ф1 Индивидуальные результаты"],
    ["ВПР 2026 Математика 4 класс"],
    ["Предмет", "Математика"],
    ["Максимальный первичный балл", 20],
    ["Дата проведения", "22.09.2026"],
    ["МБОУ СОШ № 1 с изучением английского языка (edu900101) | Кол-во участников: 3"],
    ["", "", "", "", "", "", "П", "Б"],
    [
        "ОО",
        "Муниципалитет",
        "Название ОО",
        "Код участника",
        "Класс",
        "Вариант",
        "1 (1б)",
        "2 (2б)",
        "Первичный балл",
        "Отметка",
        "Отметка по журналу",
    ],
    ["edu900101", "Тестовый район", "СОШ № 1", 40001, "4А", 1, "1", "X", 11, 3, "4"],
]


def test_f1_says_everything_in_its_titles(read: Reader) -> None:
    block = only_block(read("Ф1.xlsx", builders.xlsx(F1)))

    assert block.constants == {
        "reporting_year": "2026",
        "grade": "4",
        "subject": "math",
        "tested_on": "2026-09-22",
        "tasks": "1=1|2=2",
        "printed_max": "20",
    }
    assert block.footer == {"participants": "3"}
    assert (block.columns["total"], block.columns["mark"]) == (["11"], ["3"])


def test_a_cell_that_says_that_there_is_no_mark_is_empty(read: Reader) -> None:
    unmarked = [
        "edu900101",
        "Тестовый район",
        "СОШ № 1",
        40002,
        "4А",
        1,
        "1",
        "X",
        11,
        "Нет\u00a0отметки",
        "",
    ]

    block = only_block(read("Ф1.xlsx", builders.xlsx([*F1, unmarked])))

    assert block.columns["mark"] == ["3", ""]


def test_marks_statistics_come_in_two_shapes(read: Reader) -> None:
    keyed = [
        ["Год", "Класс", "Предмет ", "Муниципалитет", "Логин ", "ОО", "Кол-во участников", 2, 3, 4, 5],
        [2021, 6, "Русский язык", "Тестовый район", "sch900101", "СОШ № 1", 24, 16.67, 54.17, 20.83, 8.33],
        ["Итого", "", "", "", "", "", 24, "", "", "", ""],
    ]
    groups = [
        ["Статистика по отметкам"],
        ["Группы участников", "Кол-во ОО", "Кол-во участников", 2, 3, 4, 5],
        ["Вся выборка", 100, 9999, 10, 30, 40, 20],
        ["Тестовый район", 1, 24, 20, 30, 40, 10],
        ["МБОУ СОШ № 1 (edu900101)", "", 24, 25, 25, 25, 25],
        ["СОШ № 2", "", 10, 50, 50, 0, 0],
    ]

    first = read("keyed.xlsx", builders.xlsx(keyed))
    second = read("2022/5/Русский язык. Статистика.xlsx", builders.xlsx(groups))

    assert (only_block(first).columns["share_2_pct"], first.rows_skipped) == (["16.67"], 1)
    block = only_block(second)
    assert (block.columns["login"], block.row_numbers, second.rows_skipped) == (["900101", ""], [5, 6], 2)
    assert block.constants == {"reporting_year": "2022", "grade": "5", "subject": "russian"}


def test_further_blocks_of_a_report_are_of_the_work_that_the_sheet_is_of(read: Reader) -> None:
    header = ["Группы участников", "Кол-во участников", "%"]
    outcomes = [["Понизили", 1, 10], ["Подтвердили", 8, 80], ["Повысили", 1, 10]]
    rows = [["ВПР 2023. 5 класс. История"], ["МБОУ СОШ № 1 (edu900101)"], header, *outcomes]
    rows += [["МБОУ СОШ № 2 (edu900102)"], header, *outcomes]
    rows += [["ВПР 2023. 6 класс. Биология"], ["МБОУ СОШ № 2 (edu900102)"], header, *outcomes]

    reading = read("report.xlsx", builders.xlsx(rows))

    said = [(b.columns["login"][0], b.constants["grade"], b.constants["subject"]) for b in reading.blocks]
    assert said == [("900101", "5", "history"), ("900102", "5", "history"), ("900102", "6", "biology")]
    assert {b.constants["reporting_year"] for b in reading.blocks} == {"2023"}


@pytest.mark.parametrize("numbers", [[1, 2, 3, 4, 5], [2, 3, 4, 5]])
def test_numbers_above_the_maxima_of_tasks_are_no_scores_and_no_marks(
    read: Reader, numbers: list[int]
) -> None:
    keys = ["Год", "Класс", "Предмет", "Логин", "Кол-во участников"]
    maxima = ["Макс балл", "", "", "", "", *[1 for _ in numbers]]
    row = [2021, 6, "Русский язык", "sch900101", 24, *[100 / len(numbers) for _ in numbers]]

    assert read("r.xlsx", builders.xlsx([[*keys, *numbers], maxima, row])).rejected
    assert not read("r.xlsx", builders.xlsx([[*keys, *numbers], row])).rejected


def test_whole_percentages_of_a_school_known_by_its_name_are_no_header_of_marks(read: Reader) -> None:
    table = [
        ["Школа", *(f"ВПР русский {grade} кл. % «2»" for grade in (4, 5, 6, 7, 8))],
        ["МБОУ СОШ № 12", 1, 2, 3, 4, 5],
    ]

    block = only_block(read("2021.xlsx", builders.xlsx(table)))

    assert (block.dataset, block.row_numbers) == ("procedure_results", [2])


def test_a_table_of_percentages_is_read_in_russian_and_in_english(read: Reader) -> None:
    russian = [
        ["Результаты оценочных процедур в 2021 году:"],
        [
            "школы",
            "ВПР Русский\n5 кл. % «2»",
            "ВПР Математика\n6 кл. % «2»",
            "ОГЭ- математика\n% не преодолевших",
        ],
        [5, "85,7", "", 32],
    ]
    english = "school_number,vpr_russian_5_failed_pct,vpr_math_6_failed_pct,oge_math_failed_pct\n5,85.7,,32\n"

    for reading in (read("t.xlsx", builders.xlsx(russian)), read("results_2021.csv", english)):
        block = only_block(reading)
        assert block.constants == {"reporting_year": "2021"}
        assert block.columns["school_number"] == ["5"]
        assert block.columns["failed_pct:vpr_russian_5"][0].replace(",", ".") == "85.7"
        assert block.columns["failed_pct:vpr_math_6"] == [""]
        assert block.columns["failed_pct:oge_math_9"] == ["32"]


@pytest.mark.parametrize(
    "header",
    [
        "ВПР Русский 5 кл.",
        "ВПР Астрология 5 кл. % «2»",
        "ВПР Русский % «2»",
        "ЕГЭ, ОГЭ математика % не преодолевших",
    ],
)
def test_a_procedure_that_would_have_to_be_guessed_rejects_the_table(read: Reader, header: str) -> None:
    text = f"Код ОО;Год;ВПР Математика 5 кл. % «2»;{header}\n101;2021;5;5\n"

    assert rejection(read("table.csv", text)) == "ambiguous_header"


def test_other_shares_beside_the_failed_ones_decide_nothing(read: Reader) -> None:
    others = "ВПР Русский 5 кл. % «5»;ВПР Русский 5 кл. качество"
    text = f"Код ОО;Год;ЕГЭ математика (профиль) % не преодолевших;{others}\n101;2021;5;5;5\n"

    assert set(only_block(read("table.csv", text)).columns) == {
        "school_code",
        "reporting_year",
        "failed_pct:ege_math_profile_11",
    }


def test_two_years_in_titles_are_no_year(read: Reader) -> None:
    text = "Результаты 2020 и 2021 годов\nКод ОО;ВПР Математика 5 кл. % «2»\n101;5\n"

    assert rejection(read("table.csv", text)) == "two_years"


def test_two_years_in_the_name_do_not_matter_where_the_content_has_one(read: Reader) -> None:
    text = "Результаты 2021 года\nКод ОО;ВПР Математика 5 кл. % «2»\n101;5\n"

    assert only_block(read("2020, исправлено 2022.csv", text)).constants == {"reporting_year": "2021"}

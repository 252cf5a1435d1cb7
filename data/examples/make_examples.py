"""Makes the invented example district of ``data/examples/inbox`` (no arguments; the same bytes each time).

Fixed by the order No 1496 of 12.09.2022 (public): the numbers and kinds of the schools, the percentages of
the table of 2021, the official lists. All else is invented: pupils, codes, logins, scales, indices, forms.
The shares of 2021 are counts of pupils that agree with the table of the order within half a point, so every
source says the same. What the district tells: schools 5 and 51 leave the list of low results in 2022, school
30 enters, school 46 sends no forms of task 2, two rows are wrong on purpose (see README.md).
"""

from __future__ import annotations

import datetime as dt
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from workbooks import Cell, csv_bytes, ods_bytes, write, xls_bytes, xlsx_bytes, zip_bytes

HERE = Path(__file__).resolve().parent
INBOX = HERE / "inbox"
MUNICIPALITY = "Славянский район"
Row = list[Cell]


@dataclass(frozen=True)
class School:
    number: int
    kind: str  # МБОУ, МАОУ
    type: str  # СОШ, ООШ
    locality: str
    pupils: int
    teachers: int
    index_2021: float | None  # ИОР, invented
    index_2022: float | None
    social_2021: float  # ИСБШ, invented
    social_2022: float

    @property
    def code(self) -> str:
        return f"006{self.number:03d}"

    @property
    def login(self) -> str:
        return f"9706{self.number:02d}"

    @property
    def name(self) -> str:
        return f"{self.kind} {self.type} № {self.number}"

    @property
    def has_ege(self) -> bool:
        return self.type == "СОШ"


SCHOOLS = [
    School(3, "МБОУ", "СОШ", "город", 1084, 74, -0.08, -0.21, 76.3, 75.1),
    School(5, "МБОУ", "СОШ", "город", 865, 58, -0.31, 0.12, 71.8, 72.6),
    School(7, "МБОУ", "ООШ", "село", 74, 9, -0.84, -0.62, 44.9, 43.5),
    School(11, "МБОУ", "ООШ", "село", 171, 16, -0.93, -0.71, 52.4, 51.9),
    School(17, "МАОУ", "СОШ", "город", 742, 52, -0.28, -0.15, 68.2, 69.4),
    School(22, "МБОУ", "ООШ", "село", 68, 8, -1.12, -0.88, 33.6, 32.7),
    School(30, "МБОУ", "ООШ", "село", 118, 12, 0.06, -0.47, 55.0, 54.2),
    School(31, "МБОУ", "ООШ", "село", 96, 11, 0.11, -0.19, 58.7, 58.1),
    School(39, "МБОУ", "СОШ", "село", 455, 35, -0.42, -0.18, 63.9, 64.8),
    School(43, "МБОУ", "СОШ", "село", 281, 24, -0.36, -0.24, 60.5, 61.2),
    School(44, "МБОУ", "ООШ", "село", 88, 10, 0.02, -0.11, 57.3, 56.6),
    School(46, "МБОУ", "ООШ", "село", 104, 11, 0.04, -0.26, 49.8, 48.9),
    School(49, "МБОУ", "ООШ", "село", 52, 7, -1.04, -0.79, 31.2, 30.8),
    School(50, "МБОУ", "ООШ", "село", 81, 9, -0.55, -0.43, 53.6, 54.7),
    # no delivered index: the warehouse computes it
    School(51, "МБОУ", "СОШ", "село", 139, 15, None, None, 59.4, 60.9),
]
BY_NUMBER = {school.number: school for school in SCHOOLS}

ORDER_COLUMNS = ["ВПР Русский\n5 кл. % «2»", "ВПР Русский\n6 кл. % «2»", "ВПР Математика\n5 кл. % «2»"]
ORDER_COLUMNS += ["ВПР Математика\n6 кл. % «2»", "ОГЭ- математика\n% не преодолевших"]
ORDER_TABLE: dict[int, list[Cell]] = {
    5: [None, None, None, 49, 32],
    7: ["85,7", "42,9", "42,9", None, None],
    11: ["45,5", None, "57,9", 32, 70],
    17: [None, None, None, "34,2", 39],
    22: [100, None, "33,3", None, 33],
    39: ["45,5", None, "40,4", 50, None],
    43: [None, None, "45,8", 37, None],
    49: [None, 100, None, 50, None],
    50: [50, None, None, "33,3", None],
    51: [None, None, "33,3", 50, None],
}

# (pupils who wrote, of them with mark 2) by school
Counts = dict[int, tuple[int, int]]
VPR_2021: dict[tuple[str, int], Counts] = {
    ("russian", 5): {
        3: (27, 3), 5: (50, 6), 7: (7, 6), 11: (22, 10), 17: (40, 9), 22: (6, 6), 30: (12, 2), 31: (10, 2),
        39: (44, 20), 43: (24, 6), 44: (9, 1), 46: (11, 2), 49: (5, 1), 50: (8, 4), 51: (12, 3),
    },
    ("math", 5): {
        3: (28, 4), 5: (49, 10), 7: (7, 3), 11: (19, 11), 17: (41, 8), 22: (6, 2), 30: (13, 3), 31: (10, 2),
        39: (47, 19), 43: (24, 11), 44: (9, 2), 46: (11, 3), 49: (5, 1), 50: (8, 2), 51: (12, 4),
    },
    ("russian", 6): {
        3: (30, 4), 5: (48, 11), 7: (7, 3), 11: (24, 5), 17: (38, 7), 22: (8, 2), 30: (13, 3), 31: (9, 1),
        39: (26, 6), 43: (26, 5), 44: (8, 1), 46: (10, 2), 49: (4, 4), 50: (9, 2), 51: (12, 3),
    },
    ("math", 6): {
        3: (30, 5), 5: (49, 24), 7: (7, 2), 11: (25, 8), 17: (38, 13), 22: (8, 2), 30: (13, 3), 31: (9, 2),
        39: (24, 12), 43: (27, 10), 44: (8, 2), 46: (10, 2), 49: (4, 2), 50: (9, 3), 51: (12, 6),
    },
}  # fmt: skip
VPR_2022: dict[tuple[str, int], Counts] = {
    ("russian", 5): {
        3: (29, 4), 5: (46, 7), 7: (8, 3), 11: (18, 6), 17: (39, 8), 22: (7, 3), 30: (14, 5), 31: (11, 2),
        39: (42, 9), 43: (25, 5), 44: (10, 2), 46: (12, 3), 49: (6, 3), 50: (9, 3), 51: (13, 2),
    },
    ("math", 5): {
        3: (29, 5), 5: (47, 9), 7: (8, 3), 11: (19, 9), 17: (38, 12), 22: (7, 2), 30: (14, 5), 31: (11, 2),
        39: (43, 13), 43: (25, 8), 44: (10, 2), 46: (12, 4), 49: (6, 2), 50: (9, 2), 51: (13, 3),
    },
    ("russian", 6): {
        3: (28, 5), 5: (48, 8), 7: (7, 2), 11: (21, 4), 17: (40, 6), 22: (6, 2), 30: (12, 2), 31: (10, 2),
        39: (40, 12), 43: (24, 4), 44: (9, 2), 46: (11, 2), 49: (5, 2), 50: (8, 2), 51: (12, 3),
    },
    ("math", 6): {
        3: (28, 6), 5: (49, 12), 7: (7, 3), 11: (20, 8), 17: (40, 12), 22: (6, 2), 30: (12, 3), 31: (10, 2),
        39: (40, 11), 43: (24, 9), 44: (9, 2), 46: (11, 2), 49: (5, 1), 50: (8, 3), 51: (12, 3),
    },
}  # fmt: skip
VPR_MATH_4_2022: Counts = {3: (31, 1), 7: (8, 1), 17: (36, 2), 31: (9, 0), 50: (10, 1)}
OGE_MATH: dict[int, Counts] = {
    2021: {
        3: (24, 4), 5: (25, 8), 7: (6, 1), 11: (10, 7), 17: (41, 16), 22: (9, 3), 30: (11, 2), 31: (9, 2),
        39: (23, 6), 43: (22, 5), 44: (8, 1), 46: (9, 2), 49: (5, 1), 50: (8, 2), 51: (14, 3),
    },
    2022: {
        3: (25, 4), 5: (27, 5), 7: (7, 2), 11: (12, 4), 17: (38, 10), 22: (8, 3), 30: (12, 4), 31: (10, 2),
        39: (26, 5), 43: (23, 5), 44: (9, 2), 46: (10, 2), 49: (6, 1), 50: (8, 2), 51: (15, 3),
    },
}  # fmt: skip
# school: (graduates, mean of Russian, mean of profile maths)
EGE: dict[int, dict[int, tuple[int, int, int]]] = {
    2021: {
        3: (20, 71, 55),
        5: (14, 63, 47),
        17: (16, 67, 52),
        39: (12, 60, 43),
        43: (9, 61, 45),
        51: (6, 56, 40),
    },
    2022: {
        3: (22, 69, 53),
        5: (13, 66, 50),
        17: (18, 68, 54),
        39: (11, 62, 46),
        43: (10, 58, 44),
        51: (5, 60, 45),
    },
}

# primary score to mark: maximum and the last score of marks 2, 3 and 4; invented
SCALES = {
    ("ВПР", 4, "Математика"): (20, 4, 8, 13),
    ("ВПР", 5, "Русский язык"): (45, 16, 27, 37),
    ("ВПР", 5, "Математика"): (20, 5, 9, 13),
    ("ВПР", 6, "Русский язык"): (51, 23, 33, 43),
    ("ВПР", 6, "Математика"): (16, 4, 8, 12),
    ("ОГЭ", 9, "Русский язык"): (33, 13, 21, 27),
    ("ОГЭ", 9, "Математика"): (31, 6, 13, 20),
}
MINIMA = {"Русский язык": 24, "Математика профильная": 27, "Обществознание": 42, "Физика": 36}
SUBJECTS = {"russian": "Русский язык", "math": "Математика"}

# plainly invented people: school supplies for surnames
SURNAMES = ["Карандашов", "Тетрадкин", "Пеналов", "Линейкин", "Ластиков", "Глобусов", "Мелков", "Партин"]
SURNAMES += ["Указкин", "Чернилин", "Портфелев", "Дневников", "Звонков", "Обложкин", "Скрепкин", "Кнопкин"]
FORENAMES = ["Агат", "Янтарь", "Апрель", "Май", "Север", "Рассвет", "Компас", "Маяк", "Гранит", "Парус"]
PATRONYMICS = ["Примерович", "Образцович", "Выдумович", "Пробнович", "Учебнович"]


class Pupils:
    """Invented people with documents that do not repeat."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.taken: set[str] = set()

    def new(self) -> Row:
        """Surname, name, patronymic, series, number."""
        while True:
            number = f"{self.rng.randrange(1_000_000):06d}"
            if number not in self.taken:
                self.taken.add(number)
                break
        series = f"00{self.rng.randrange(31, 39)}"
        person = [self.rng.choice(SURNAMES), self.rng.choice(FORENAMES), self.rng.choice(PATRONYMICS)]
        return [*person, series, number]


def marks(rng: random.Random, wrote: int, twos: int, quality: float) -> list[int]:
    """``wrote`` marks with exactly ``twos`` twos; ``quality`` 0-1 shifts the rest towards 5."""
    rest = [
        3 + (rng.random() < 0.35 + quality / 2) + (rng.random() < quality / 2) for _ in range(wrote - twos)
    ]
    result = [2] * twos + rest
    rng.shuffle(result)
    return result


def score_for(rng: random.Random, mark: int, scale: tuple[int, int, int, int]) -> int:
    """A primary score inside the band of the mark."""
    top, to_2, to_3, to_4 = scale
    low, high = {2: (to_2 // 3, to_2), 3: (to_2 + 1, to_3), 4: (to_3 + 1, to_4), 5: (to_4 + 1, top)}[mark]
    return rng.randint(low, high)


def quality(school: School) -> float:
    return max(0.05, min(0.9, school.social_2022 / 100))


def task_maxima(top: int) -> list[int]:
    """Maxima of the tasks of a work, 1 or 2 or 3 points each, that add up to ``top``."""
    result: list[int] = []
    while sum(result) < top:
        result.append(min((1, 2, 1, 3)[len(result) % 4], top - sum(result)))
    return result


def split_score(rng: random.Random, score: int, maxima: list[int]) -> list[int]:
    """Points by task that add up to the score."""
    tasks = [0] * len(maxima)
    open_points = [i for i, top in enumerate(maxima) for _ in range(top)]
    for i in rng.sample(open_points, score):
        tasks[i] += 1
    return tasks


def references() -> dict[str, bytes]:
    register: list[Row] = [
        ["Код ОО", "Логин ФИС ОКО", "Номер", "Наименование", "Вид", "Тип", "Код муниципалитета",
         "Муниципалитет", "Местность", "Обучающихся", "Действует с", "Действует по", "Правопреемник"]
    ]  # fmt: skip
    for s in SCHOOLS:
        row: Row = [
            s.code,
            f"sch{s.login}",
            s.number,
            s.name,
            s.kind,
            s.type,
            "006",
            MUNICIPALITY,
            s.locality,
        ]
        register.append([*row, s.pupils, dt.date(2010, 9, 1), None, None])
    scales: list[Row] = [["Год", "Экзамен", "Класс", "Предмет", "Максимум", "2 до", "3 до", "4 до"]]
    minima: list[Row] = [["Год", "Экзамен", "Предмет", "Минимальный балл"]]
    for year in (2021, 2022):
        scales += [[year, *key, *scale] for key, scale in SCALES.items()]
        minima += [[year, "ЕГЭ", subject, score] for subject, score in MINIMA.items()]
    return {
        "Справочники/Реестр школ.xlsx": xlsx_bytes({"Реестр": register}),
        "Справочники/Шкалы перевода баллов.ods": ods_bytes({"Шкалы": scales}),
        "Справочники/Минимальные баллы ЕГЭ.csv": csv_bytes(minima),
    }


def lists_and_indices() -> dict[str, bytes]:
    lists: list[Row] = [["Учебный год", "Список", "Код ОО", "Документ", "Муниципалитет"]]
    order = "Приказ № 1496 от 12.09.2022"
    lists += [["2021-2022", "ШНОР", BY_NUMBER[n].code, "Федеральная выборка", None] for n in ORDER_TABLE]
    for name, numbers in (("Низкий ИОР", (3, 30, 31, 44, 46)), ("500+", (7, 17)), ("ШССУ", (22, 49))):
        lists += [["2022-2023", name, BY_NUMBER[n].code, order, None] for n in numbers]

    biased: list[Row] = [
        ["Год", "Логин", "Муниципалитет", "ОО", "4 РУ", "4 МА", "5 РУ", "5 МА", "Количество маркеров"],
        [2020, None, None, None, None, None, None, None, None],  # delivered, nobody in it
        [2021, f"edu{BY_NUMBER[44].login}", MUNICIPALITY, BY_NUMBER[44].name, None, None, 1, None, 1],
    ]

    support: list[Row] = [["Код ОО", "Роль", "Организация", "Действует с", "Действует по"]]
    start, end = dt.date(2022, 9, 12), dt.date(2023, 8, 31)
    for number in (*ORDER_TABLE, 3, 30, 31, 44, 46):
        support.append([BY_NUMBER[number].code, "куратор", "МКУО ЦОКО", start, end])
        support.append([BY_NUMBER[number].code, "тьютор", "МКУО КМЦ", start, end])
    for number, mentor in ((7, 3), (22, 3), (49, 5), (50, 51)):
        support.append([BY_NUMBER[number].code, "школа-наставник", BY_NUMBER[mentor].code, start, None])
    support.append([BY_NUMBER[11].code, "МНЦ", "Муниципальный наставнический центр", start, None])

    social: list[Row] = [["Код ОО", "Отчётный год", "ИСБШ"]]
    results: list[Row] = [["Код ОО", "Отчётный год", "ИОР"]]
    for year in (2021, 2022):
        for s in SCHOOLS:
            social.append([s.code, year, s.social_2021 if year == 2021 else s.social_2022])
            index = s.index_2021 if year == 2021 else s.index_2022
            if index is not None:
                results.append([s.code, year, index])
    return {
        "Списки/Перечни школ.xlsx": xlsx_bytes({"Перечни": lists}),
        "Списки/Признаки необъективности ВПР.xlsx": xlsx_bytes({"Список": biased}),
        "Списки/Кураторы и наставники.ods": ods_bytes({"Кураторы": support}),
        "Индексы/ИСБШ.csv": csv_bytes(social),
        "Индексы/ИОР.xlsx": xlsx_bytes({"ИОР": results}),
    }


def order_table() -> dict[str, bytes]:
    rows: list[Row] = [["Результаты оценочных процедур ШНОР в 2021 году:"], ["школы", *ORDER_COLUMNS]]
    rows += [[number, *cells] for number, cells in ORDER_TABLE.items()]
    return {"2021/Таблица приказа 1496.xlsx": xlsx_bytes({"Таблица": rows})}


def vpr_2021(rng: random.Random) -> dict[str, bytes]:
    """Pupil rows of grade 5 in the export of 2021; grade 6 as statistics of marks."""
    files = {}
    names = {"russian": "русскому языку", "math": "математике"}
    for subject in ("russian", "math"):
        scale = SCALES["ВПР", 5, SUBJECTS[subject]]
        maxima = task_maxima(scale[0])
        header: Row = ["логин школы", "регион", "номер обучающегося", "код обучающегося"]
        header += ["отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов"]
        rows = [header + [f"балл за {i}" for i in range(1, len(maxima) + 1)]]
        for number, (wrote, twos) in VPR_2021[subject, 5].items():
            s, code = BY_NUMBER[number], 50000
            for mark in marks(rng, wrote, twos, quality(s)):
                code += 1
                score = score_for(rng, mark, scale)
                tasks: Row = list(split_score(rng, score, maxima))
                tasks = ["X" if points == 0 and rng.random() < 0.2 else points for points in tasks]
                gender, letter = rng.choice("жм"), rng.choice("АБ")
                row: Row = [
                    f"sch{s.login}",
                    MUNICIPALITY,
                    code - 50000,
                    str(code),
                    max(2, min(5, mark + rng.choice((0, 0, 1)))),
                    gender,
                ]
                rows.append([*row, f"5 {letter}", rng.choice("12"), score, *tasks])
            absent: Row = [
                f"sch{s.login}",
                MUNICIPALITY,
                code - 49999,
                str(code + 1),
                3,
                rng.choice("жм"),
                "5 А",
                "отсутствовал",
            ]
            rows.append(absent)
        name = f"2021/ВПР/Проведение работы по {names[subject]}, 5 класс. ВПР 2021.xlsx"
        files[name] = xlsx_bytes({"Sheet": rows})
    statistics: list[Row] = [
        ["Год", "Класс", "Предмет", "Муниципалитет", "Логин", "ОО", "Кол-во участников", 2, 3, 4, 5]
    ]
    for subject in ("russian", "math"):
        for number, (wrote, twos) in VPR_2021[subject, 6].items():
            s = BY_NUMBER[number]
            given = marks(rng, wrote, twos, quality(s))
            shares: Row = [round(100 * given.count(mark) / wrote, 2) for mark in (2, 3, 4, 5)]
            row = [2021, 6, SUBJECTS[subject], MUNICIPALITY, f"sch{s.login}", s.name, wrote, *shares]
            statistics.append(row)
    files["2021/ВПР/Статистика по отметкам, 6 класс.xlsx"] = xlsx_bytes({"marks": statistics})
    return files


def vpr_reports_2022() -> dict[str, bytes]:
    """Reports that ФИС ОКО makes of a work of which no pupil rows came, for three schools."""
    folder, titles = "2022/ВПР/Отчёты ФИС ОКО", [["ВПР 2022. 7 класс"], ["Предмет: Русский язык"]]
    groups: list[tuple[str, int | None, int, int]] = [  # name, schools, participants, middle of the scores
        ("Вся выборка", 35000, 1200000, 10),
        (MUNICIPALITY, 15, 640, 9),
        *((f"{s.name} (edu{s.login})", None, s.pupils // 12, 7 + s.number % 5) for s in SCHOOLS[:3]),
    ]
    head: Row = ["Группы участников", "Кол-во ОО", "Кол-во участников"]
    top = 16
    scores: list[Row] = [*titles, [*head, *range(top + 1)]]
    tasks: list[Row] = [
        *titles,
        [*head, "1К1", "1К2", "2", "3.1", "3.2"],
        ["Макс балл", None, None, 3, 3, 2, 1, 1],
    ]
    journal: list[Row] = [*titles, ["Группы участников", "Кол-во участников", "%"]]
    for name, schools, wrote, middle in groups:
        shares = [max(0, 25 - 6 * abs(score - middle)) for score in range(top + 1)]
        scores.append([name, schools, wrote, *(round(100 * share / sum(shares), 2) for share in shares)])
        tasks.append([name, schools, wrote, *(round(100 * middle / (top + n), 2) for n in (-3, 2, 0, 5, 9))])
        lowered, raised = wrote * 3 // 10, wrote // 10
        journal.append([name, wrote, 100])
        for label, pupils in (
            ("Понизили (Отметка < Отметка по журналу) %", lowered),
            ("Подтвердили (Отметка = Отметка по журналу) %", wrote - lowered - raised),
            ("Повысили (Отметка > Отметка по журналу) %", raised),
        ):
            journal.append([label, pupils, round(100 * pupils / wrote, 2)])
        journal.append(["Всего", wrote, 100])
    return {
        f"{folder}/Распределение первичных баллов.xlsx": xlsx_bytes({"Распределение": scores}),
        f"{folder}/Выполнение заданий.xlsx": xlsx_bytes({"Выполнение": tasks}),
        f"{folder}/Сравнение отметок с отметками по журналу.xlsx": xlsx_bytes({"Сравнение": journal}),
    }


SKILLS = (
    ("Читать и записывать числа", "1.1"),
    ("Сравнивать обыкновенные дроби", "1.2"),
    ("Решать задачи на движение и работу", "3.1; 3.2"),
    ("Находить часть числа и число по его части", "1.3"),
    ("Читать таблицы и диаграммы", "4.1"),
    ("Вычислять площадь и периметр", "2.1; 2.2"),
)
"""What tasks of maths check, with codes of contents: invented."""


def work_plan() -> dict[str, bytes]:
    """The plan of maths 5 of 2022: a row a code of contents, the last two tasks are harder."""
    maxima = task_maxima(SCALES["ВПР", 5, "Математика"][0])
    rows: list[Row] = [
        ["№ по КИМу", "Умения, виды деятельности", "Уровень сложности", "Код КЭС",
         "Максимальный балл за выполнение задания"]
    ]  # fmt: skip
    for task, top in enumerate(maxima, start=1):
        skill, codes = SKILLS[(task - 1) % len(SKILLS)]
        level = "Б" if task < len(maxima) - 1 else "П"
        rows += [[task, skill, level, code, top] for code in codes.split("; ")]
    return {"2022/ВПР/План ВПР, математика, 5 класс.xlsx": xlsx_bytes({"План": rows})}


def vpr_2022_sheet(rng: random.Random, subject: str, grade: int, counts: Counts) -> bytes:
    """The export of 2022: sheets «Классы» and «Протокол», absent pupils with a total of 0."""
    scale = SCALES["ВПР", grade, SUBJECTS[subject]]
    maxima = task_maxima(scale[0])
    head: Row = ["Пользователь", "Код региона", "Регион", "Муниципалитет", "Школа", "Дата загрузки"]
    classes: list[Row] = [[*head, "Буква (цифра) класса", "Основной учебник по предмету"]]
    protocol: list[Row] = [
        [*head, "Код", "Вариант", *(f"{i} ({top}б)" for i, top in enumerate(maxima, start=1)),
         "Наименование класса", "Пол", "Итого баллов"]
    ]  # fmt: skip
    for number, (wrote, twos) in counts.items():
        s = BY_NUMBER[number]
        login = f"edu{s.login}"
        place: Row = [
            login,
            23,
            "Краснодарский край",
            MUNICIPALITY,
            f"{login} | {s.name}",
            "21.03.2022 10:15:00",
        ]
        classes.append([*place, f"{grade}А", "Учебник-пример"])
        code = grade * 10000
        for mark in marks(rng, wrote, twos, quality(s)):
            code += 1
            score = score_for(rng, mark, scale)
            tasks = split_score(rng, score, maxima)
            row: Row = [*place, code, rng.choice("12"), *tasks, f"{grade}А", rng.choice("жм"), score]
            protocol.append(row)
        nothing: Row = [None] * len(maxima)
        protocol.append([*place, code + 1, "отсутствовал", *nothing, f"{grade}А", rng.choice("жм"), 0])
    return xlsx_bytes({"Классы": classes, "Протокол": protocol})


def vpr_f1(rng: random.Random, school: School, wrote: int, twos: int) -> bytes:
    """«Ф1 Индивидуальные результаты» of maths 6: one school, with marks."""
    scale = SCALES["ВПР", 6, "Математика"]
    maxima = task_maxima(scale[0])
    rows: list[Row] = [
        ["Ф1 Индивидуальные результаты"],
        ["ВПР 2022 Математика 6 класс"],
        [],
        ["Максимальный первичный балл", scale[0]],
        ["Дата проведения", "17.03.2022"],
        [f"{school.name} (edu{school.login}) | Кол-во участников: {wrote}"],
        [],
        ["ОО", "Муниципалитет", "Название ОО", "Код участника", "Класс", "Вариант",
         *(f"{i} ({top}б)" for i, top in enumerate(maxima, start=1)),
         "Первичный балл", "Отметка", "Отметка по журналу"],
    ]  # fmt: skip
    for code, mark in enumerate(marks(rng, wrote, twos, quality(school)), start=60001):
        score = score_for(rng, mark, scale)
        who: Row = [f"edu{school.login}", MUNICIPALITY, school.name, code, "6А", rng.choice((1, 2))]
        rows.append([*who, *split_score(rng, score, maxima), score, mark, mark if rng.random() < 0.7 else 3])
    return xlsx_bytes({"Индивидуальные результаты": rows})


def vpr_2022(rng: random.Random) -> dict[str, bytes]:
    f1_schools = (5, 17)
    math_6 = VPR_2022["math", 6]
    rest = {number: counts for number, counts in math_6.items() if number not in f1_schools}
    return {
        "2022/ВПР/4/Математика.xlsx": vpr_2022_sheet(rng, "math", 4, VPR_MATH_4_2022),
        "2022/ВПР/5/Русский язык.xlsx": vpr_2022_sheet(rng, "russian", 5, VPR_2022["russian", 5]),
        "2022/ВПР/5/Математика.xlsx": vpr_2022_sheet(rng, "math", 5, VPR_2022["math", 5]),
        "2022/ВПР/6 класс/Русскому языку.xlsx": vpr_2022_sheet(rng, "russian", 6, VPR_2022["russian", 6]),
        "2022/ВПР/6 класс/Математике.xlsx": vpr_2022_sheet(rng, "math", 6, rest),
        "2022/ВПР/Ф1 школ.zip": zip_bytes(
            {f"Ф1 Математика 6, школа {n}.xlsx": vpr_f1(rng, BY_NUMBER[n], *math_6[n]) for n in f1_schools}
        ),
    }


def exam_block(title: str, score_name: str, rows: list[Row], minimum: int | None) -> list[Row]:
    """A block of a protocol: title, header, rows, footer. ``rows`` end with primary score and score."""
    names: Row = [
        "№",
        "Код МСУ",
        "Код ОО",
        "Класс",
        "Код ППЭ",
        "Аудитория",
        "Фамилия",
        "Имя",
        "Отчество",
        "Серия",
        "Номер",
    ]
    names += ["Задания с кратким ответом", "Задания с развёрнутым ответом", "Первичный балл", score_name]
    blank: Row = [None] * (len(names) - 3)
    last = [int(str(row[-1])) for row in rows]
    first = [int(str(row[-2])) for row in rows]
    block: list[Row] = [[title], names]
    block += [[i, *row] for i, row in enumerate(rows, start=1)]
    means: Row = [round(sum(first) / len(rows), 2), round(sum(last) / len(rows), 2)]
    block.append(["Средние", *blank, *means])
    if minimum is not None:
        block.append(["Минимальная граница", *blank, None, minimum])
    block.append(["Всего участников", *blank, None, len(rows)])
    return [*block, []]


def exam_row(rng: random.Random, school: School, grade: int, person: Row, primary: int, score: int) -> Row:
    short = "".join(rng.choice("+-") for _ in range(12))
    long = "".join(f"{rng.randrange(3)}(3)" for _ in range(3))
    hall = f"{rng.randrange(1, 9):04d}"
    return ["006", school.code, f"{grade}А", "0601", hall, *person, short, long, primary, score]


def oge(rng: random.Random, year: int) -> tuple[list[Row], Row]:
    """Russian and maths of one year; also the row of school 17 that an appeal will lift from 2 to 3."""
    pupils = Pupils(rng)
    russian: list[Row] = []
    math: list[Row] = []
    for number, (wrote, twos) in OGE_MATH[year].items():
        s = BY_NUMBER[number]
        russian_marks = marks(rng, wrote, min(twos, wrote // 12), quality(s))
        for math_mark, russian_mark in zip(
            marks(rng, wrote, twos, quality(s) - 0.2), russian_marks, strict=True
        ):
            person = pupils.new()
            for target, mark, subject in (
                (russian, russian_mark, "Русский язык"),
                (math, math_mark, "Математика"),
            ):
                scale = SCALES["ОГЭ", 9, subject]
                # the protocol's marks may lie below the scale (literacy, geometry), never above it
                target.append(exam_row(rng, s, 9, person, score_for(rng, mark, scale), mark))
    appealed = next(row for row in math if row[1] == BY_NUMBER[17].code and row[-1] == 2)
    appealed[-2] = SCALES["ОГЭ", 9, "Математика"][1]
    dates = {2021: ("2021.05.24", "2021.05.27"), 2022: ("2022.06.07", "2022.05.23")}[year]
    sheet = exam_block(f"01 - Русский язык {dates[0]}", "Оценка", russian, None)
    sheet += exam_block(f"02 - Математика {dates[1]}", "Оценка", math, None)
    return sheet, appealed


@dataclass
class Ege:
    """Rows of one year by subject, for several files to share the same graduates."""

    russian: list[Row]
    profile: list[Row]
    base: list[Row]
    social: list[Row]
    physics: list[Row]


def ege(rng: random.Random, year: int) -> Ege:
    pupils = Pupils(rng)
    result = Ege([], [], [], [], [])

    def test_score(mean: int, low: int) -> int:
        return max(low, min(100, round(rng.gauss(mean, 12))))

    for number, (graduates, russian_mean, math_mean) in EGE[year].items():
        s = BY_NUMBER[number]
        for i in range(graduates):
            person = pupils.new()

            def add(target: list[Row], score: int, person: Row = person, s: School = s) -> None:
                target.append(exam_row(rng, s, 11, person, round(score * 0.58), score))

            add(result.russian, test_score(russian_mean, 36))
            if i % 2 == 0:
                add(result.profile, test_score(math_mean, 18))
            elif year == 2022:  # base maths was not held in 2021
                mark = rng.choice((3, 4, 4, 5)) if i > 1 or number != 39 else 2
                result.base.append(exam_row(rng, s, 11, person, {2: 5, 3: 9, 4: 14, 5: 19}[mark], mark))
            if i % 3 == 0:
                add(result.social, test_score(russian_mean - 9, 30))
            elif i % 3 == 1:
                add(result.physics, test_score(math_mean + 2, 28))
    return result


def appeal_rows(kind: str, title: str, row: Row, primary: int, score: int, upheld: bool) -> Row:
    state = "Апелляция удовлетворена" if upheld else "Апелляция отклонена"
    old = int(str(row[-1]))
    who: Row = [row[1], row[2], row[3], row[4], *row[5:8], f"{row[8]} {row[9]}"]
    return [
        *who,
        kind,
        state,
        "14.06.2022 10:00:00",
        "17.06.2022 12:00:00",
        title,
        old,
        primary,
        score,
        score - old,
    ]


def appeals_table(score_name: str, rows: list[Row]) -> list[Row]:
    header: Row = ["№", "Код ОО", "Класс", "Код ППЭ", "Аудитория", "Фамилия", "Имя", "Отчество", "Документ"]
    header += ["Тип апелляции / перепроверки", "Состояние", "Дата отправки на обработку", "Дата изменений"]
    header += ["Экзамен", "Балл до изменения", "Текущие", None, "Разница"]
    second: Row = [None] * 15
    return [
        header,
        [*second, "Первичный балл", score_name, None],
        *([i, *row] for i, row in enumerate(rows, start=1)),
    ]


def exams(rng: random.Random) -> dict[str, bytes]:
    files = {}
    disagree = "Апелляция о несогласии с выставленными баллами"

    ege_2021 = ege(rng, 2021)
    sheet = exam_block("01 - Русский язык 2021.05.31", "Балл", ege_2021.russian, MINIMA["Русский язык"])
    sheet += exam_block("02 - Математика профильная 2021.06.07", "Балл", ege_2021.profile, 27)
    sheet += exam_block("12 - Обществознание 2021.06.15", "Балл", ege_2021.social, 42)
    sheet += exam_block("03 - Физика 2021.06.11", "Балл", ege_2021.physics, 36)
    files["2021/ЕГЭ 2021.csv"] = csv_bytes(sheet, encoding="cp1251")
    files["2021/ОГЭ 2021.xlsx"] = xlsx_bytes({"Лист1": oge(rng, 2021)[0]})

    ege_2022 = ege(rng, 2022)
    failed = next(row for row in ege_2022.russian if row[1] == BY_NUMBER[43].code)
    failed[-2:] = [12, 22]  # below the minimum of 24; the appeal lifts it to 26
    refused = next(row for row in ege_2022.russian if row[1] == BY_NUMBER[5].code)
    russian = exam_block("01 - Русский язык 2022.05.30", "Балл", ege_2022.russian, 24)
    files["2022/ЕГЭ/Русский язык.csv"] = csv_bytes(russian)
    sheet = exam_block("02 - Математика профильная 2022.06.02", "Балл", ege_2022.profile, 27)
    sheet += exam_block("12 - Обществознание 2022.06.09", "Балл", ege_2022.social, 42)
    sheet += exam_block("03 - Физика 2022.06.06", "Балл", ege_2022.physics, 36)
    files["2022/ЕГЭ/Предметы по выбору.xlsx"] = xlsx_bytes({"Page 1": sheet})
    base = exam_block("22 - Математика базовая 2022.06.03", "Оценка", ege_2022.base, None)
    files["2022/ЕГЭ/Математика базовая.xlsx"] = xlsx_bytes({"Лист1": base})

    sheet, appealed = oge(rng, 2022)
    files["2022/ОГЭ/ОГЭ 2022.xls"] = xls_bytes({"Page 1": sheet})
    title = "Русский язык(2022.05.30)"
    rows = [appeal_rows(disagree, title, failed, 14, 26, True)]
    rows.append(appeal_rows(disagree, title, refused, int(str(refused[-2])), int(str(refused[-1])), False))
    files["2022/ЕГЭ/Апелляции.csv"] = csv_bytes(appeals_table("Балл", rows), encoding="cp1251")
    lifted = int(str(appealed[-2])) + 1
    rows = [appeal_rows(disagree, "Математика(2022.05.23)", appealed, lifted, 3, True)]
    files["2022/ОГЭ/Апелляции.csv"] = csv_bytes(appeals_table("Оценка", rows), encoding="cp1251")
    return files


def forms(rng: random.Random) -> dict[str, bytes]:
    no_task_2 = 46  # this school sends no forms of task 2: the scorecard shows «нет данных», not 0
    folder = "2022-2023/Формы"

    staff: list[Row] = [
        ["Код ОО", "Отчётный год", "Педагогических работников", "Высшая категория", "Первая категория"]
    ]
    methodical: list[Row] = [
        ["Код ОО", "Отчётный год", "Педагогических работников", "Прошли курсы за 3 года",
         "Участники конкурсов", "Победители и призёры конкурсов", "Представили опыт на муниципальном уровне",
         "Представили опыт на краевом уровне", "Инновационные проекты", "Руководители РМО и тьюторы"]
    ]  # fmt: skip
    olympiad: list[Row] = [
        ["Код ОО", "Отчётный год", "Участников муниципального этапа",
         "Победителей и призёров муниципального этапа", "Победителей и призёров регионального этапа"]
    ]  # fmt: skip
    documents: list[Row] = [
        ["Код ОО", "Отчётный год", "Программа развития", "Антирисковая программа", "ВСОКО"]
    ]
    for i, s in enumerate(SCHOOLS):
        share = 0.15 + quality(s) * 0.5
        categories = {2021: round(s.teachers * share), 2022: round(s.teachers * share) + (1, 0, -1, 2)[i % 4]}
        for year in (2021, 2022):
            if year == 2022 and s.number == no_task_2:
                continue
            highest = categories[year] // 3
            staff.append([s.code, year, s.teachers, highest, categories[year] - highest])
        if s.number == no_task_2:
            continue
        contest = i % 3
        methodical.append(
            [s.code, 2022, s.teachers, s.teachers if i % 4 else s.teachers - 2, contest, contest // 2,
             i % 2, (0, 0, 1)[i % 3], ("нет", "участник", "нет", "победитель", "нет")[i % 5], (i + 1) % 2]
        )  # fmt: skip
        took_part = (0, 14, 6, 9, 25)[i % 5]
        olympiad.append(
            [s.code, 2022, took_part, took_part * (2 + i % 3) // 9, 1 if s.number in (3, 17) else 0]
        )
        documents.append(
            [s.code, 2022, "да", "нет" if s.number in (31, 44) else "да", "да" if i % 6 else "нет"]
        )

    pupils: list[Row] = [
        ["Код ОО", "Учебный год", "Четверть", "Обучающихся", "Неуспевающих", "С ОВЗ",
         "Русский язык не родной", "Неуспевающих на дополнительных занятиях", "В социально сложных условиях"]
    ]  # fmt: skip
    network: list[Row] = [
        ["Код ОО", "Учебный год", "Четверть", "Взаимодействие со школами", "Взаимодействие с организациями",
         "Совместных мероприятий", "Методических семинаров"]
    ]  # fmt: skip
    for academic, quarter in (("2021-2022", 4), *(("2022-2023", q) for q in (1, 2, 3, 4))):
        for i, s in enumerate(SCHOOLS):
            failing = max(0, round(s.pupils * (0.09 - quality(s) * 0.06)) - quarter // 2 + i % 2)
            extra = max(0, failing - 1)
            native = round(s.pupils * 0.04)
            if s.number == 31 and (academic, quarter) == ("2022-2023", 2):
                failing = s.pupils + 12  # wrong on purpose: more failing pupils than pupils
            social = round(s.pupils * (1 - quality(s)) * 0.4)
            row: Row = [
                s.code,
                academic,
                quarter,
                s.pupils,
                failing,
                round(s.pupils * 0.06),
                native,
                extra,
                social,
            ]
            pupils.append(row)
            if academic == "2022-2023" and not (s.number == 44 and quarter == 3):
                with_schools = "да" if (i + quarter) % 3 else "нет"
                with_others = "да" if quarter > 2 and i % 4 else "нет"
                network.append(
                    [
                        s.code,
                        academic,
                        quarter,
                        with_schools,
                        with_others,
                        (i + quarter) % 3,
                        (i * quarter) % 2,
                    ]
                )

    courses: list[Row] = [
        ["Код ОО", "Учебный год", "Полугодие", "Учителей", "Прошли курсы по работе со слабоуспевающими"]
    ]
    for half in (1, 2):
        courses += [
            [s.code, "2022-2023", half, s.teachers, min(s.teachers, s.teachers * (half + 1) // 4)]
            for s in SCHOOLS
        ]

    roadmap: list[Row] = [
        ["Код ОО", "Учебный год", "Четверть", "Пункт", "Статус", "Дата", "Документ", "Муниципалитет"]
    ]
    ends = {
        1: dt.date(2022, 10, 28),
        2: dt.date(2022, 12, 27),
        3: dt.date(2023, 3, 24),
        4: dt.date(2023, 5, 25),
    }
    reports = {
        1: ["1.", "2.", "3.", "3.1", "4.1.", "4.8.", "6.1."],
        2: ["4.1.", "4.2.", "4.8.", "5.2.", "6.2."],
        3: ["4.5.", "4.8.", "5.4.", "7.3."],
        4: ["2.", "4.8.", "5.6.", "6.1."],
    }
    for quarter, items in reports.items():
        for item in items:
            status = "в работе" if item in ("4.2.", "5.4.") else "выполнено"
            row = [None, "2022-2023", quarter, item, status, ends[quarter], "Справка ЦОКО", MUNICIPALITY]
            roadmap.append(row)
        for number in (7, 22, 49):
            status = "не выполнено" if (number, quarter) == (49, 3) else "выполнено"
            roadmap.append(
                [BY_NUMBER[number].code, "2022-2023", quarter, "4.8.", status, ends[quarter], None, None]
            )

    measures: list[Row] = [
        ["Код ОО", "Отчётный год", "Показатель", "Мера", "Решение", "Начало", "Окончание", "Статус"]
    ]
    begin, finish = dt.date(2022, 10, 3), dt.date(2023, 5, 19)
    for number, codes, text, status in (
        (5, "1.4", "Консультации по математике для 9 класса", "выполнено"),
        (7, "1.10, 1.11", "Стартовая диагностика в 5 классе", "выполнено"),
        (11, "1.11; 1.13", "Второй учитель на уроках математики", "в работе"),
        (30, "1.10, 1.11", "Дополнительные занятия для 5 класса", "в работе"),
        (22, "2.1", "Курсы для всех учителей школы", "выполнено"),
        (49, "3.3", "Индивидуальные планы для неуспевающих", "не выполнено"),
    ):
        decision = f"Приказ школы от 03.10.2022 № {100 + number}"
        measures.append([BY_NUMBER[number].code, 2022, codes, text, decision, begin, finish, status])

    practices: list[Row] = [["Код ОО", "Отчётный год", "Показатель", "Практика", "Ссылка"]]
    practices.append(
        [BY_NUMBER[3].code, 2022, "1.1", "Ежедневные короткие сочинения", "https://example.org/3-1"]
    )
    practices.append(
        [BY_NUMBER[51].code, 2022, "1.13", "Устный счёт в начале урока", "https://example.org/51-1"]
    )
    practices.append(
        [BY_NUMBER[5].code, 2022, "1.4, 1.6", "Пары «сильный и слабый»", "https://example.org/5-1"]
    )

    # wrong on purpose: a school that is not in the register
    olympiad.append(["006077", 2022, 8, 2, 0])
    title: list[Row] = [["Мониторинг кадров, Славянский район"], []]
    return {
        f"{folder}/Кадры.xlsx": xlsx_bytes({"Кадры": [*title, *staff]}),
        f"{folder}/Методическая работа.xlsx": xlsx_bytes({"2022": methodical}),
        f"{folder}/Олимпиада.csv": csv_bytes(olympiad),
        f"{folder}/Документы.ods": ods_bytes({"Документы": documents}),
        f"{folder}/Контингент.xlsx": xlsx_bytes({"Лист1": pupils}),
        f"{folder}/Курсы учителей.csv": csv_bytes(courses, encoding="cp1251"),
        f"{folder}/Сетевое взаимодействие.xls": xls_bytes({"Сеть": network}),
        f"{folder}/Дорожная карта.xlsx": xlsx_bytes({"Дорожная карта": roadmap}),
        f"{folder}/Меры.xlsx": xlsx_bytes({"Меры": measures}),
        f"{folder}/Практики.csv": csv_bytes(practices),
    }


def main(inbox: Path = INBOX) -> None:
    """Write the whole example inbox, replacing what is there."""
    rng = random.Random(1496)  # noqa: S311 - reproducible examples, not secrets
    files = references() | lists_and_indices() | order_table()
    files |= vpr_2021(rng) | vpr_2022(rng) | exams(rng) | forms(rng) | vpr_reports_2022() | work_plan()
    shutil.rmtree(inbox, ignore_errors=True)
    for name, data in files.items():
        write(inbox / name, data)


if __name__ == "__main__":
    main()

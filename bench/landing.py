"""Landing against reading the same cells with python-calamine alone, in one run.

    python bench/landing.py [--part real|forms] [--rounds 3] [--forms 5000]

Real files: ten copies with different content of the exports in ``../shared/data/real``, or of files of the
same shape where that is absent. Forms: workbooks of one school each. Seconds are of the wall clock, the
shortest of the rounds; start-up of interpreters and imports are over before (one small landing, whose
reading processes are kept). With one process everything is bound to one core. Memory is the peak of landing
(this process and its reading processes together) in a process of its own, for a fifth of the forms and all.

Exit code 1 if a ratio is above its limit.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from python_calamine import CalamineWorkbook

from school_quality.landing import ingest
from school_quality.reading import kept_processes
from school_quality.settings import Settings

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
COPIES = 10
REAL_LIMITS = {1: 2.0, 2: 1.3}
FORMS_LIMIT = 3.0
MEMORY_LIMIT = 1.3
"""Peak memory with all forms against that with a fifth of them."""
REGISTER = (
    "Код ОО;Логин ФИС ОКО;Номер;Наименование;Вид;Тип;Код муниципалитета;Муниципалитет;Местность;Обучающихся;"
    "Действует с;Действует по"
)
FORM = ("Код ОО", "Отчётный год", "Педагогических работников", "Высшая категория", "Первая категория")
INVENTED = {"математике, 5": 14, "математике, 6": 13, "русскому языку, 5": 21, "русскому языку, 6": 25}
"""Works of the invented exports and their numbers of tasks."""
WARM_FORMS = 100
"""Enough for two reading processes to start."""
INVENTED_ROWS, INVENTED_SCHOOLS = 26_000, 600


def make_real(inbox: Path, warm: Path) -> None:
    """The register, and ten copies of each export, as exports of ten years; to warm up, those of another."""
    works = sorted(REAL.glob("*ВПР 2021.xlsx"))
    if works:
        shutil.copy(REAL / "school_register.xlsx", inbox)
        files = {work.name: work.read_bytes() for work in works}
    else:
        write_register(inbox, INVENTED_SCHOOLS)
        files = {
            f"Проведение работы по {name} класс. ВПР 2021.xlsx": invented(n) for name, n in INVENTED.items()
        }
    for year in range(2021 - COPIES, 2022):
        folder = inbox if year > 2021 - COPIES else warm
        for name, data in files.items():
            (folder / name.replace("2021", str(year))).write_bytes(with_note(data, str(year)))


def with_note(workbook: bytes, note: str) -> bytes:
    """The same workbook with another title among its properties: other bytes, the same price of reading."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for info in old.infolist():
            new.writestr(info, old.read(info))
        new.writestr("docProps/bench.txt", note)
    return stream.getvalue()


def invented(tasks: int) -> bytes:
    """An export of ВПР in the shape of 2021."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Sheet")
        names = ["логин школы", "регион", "номер обучающегося", "код обучающегося"]
        names += ["отметка за предыдущую четверть/триместр", "пол", "класс", "вариант", "всего баллов"]
        sheet.write_row(0, 0, [*names, *(f"балл за {n}" for n in range(1, tasks + 1))])
        for row in range(1, INVENTED_ROWS + 1):
            points = [(row * n) % 3 for n in range(1, tasks + 1)]
            about = [f"sch{980000 + row % INVENTED_SCHOOLS}", "Район", row, f"к{row}", "4", "ж", "5а", "1"]
            sheet.write_row(row, 0, [str(cell) for cell in (*about, sum(points), *points)])
    return stream.getvalue()


def write_register(inbox: Path, schools: int) -> None:
    lines = [
        f"{n + 1};sch{980000 + n};{n + 1};Школа {n + 1};МБОУ;СОШ;1;Район;село;100;;" for n in range(schools)
    ]
    (inbox / "Реестр.csv").write_text("\n".join([REGISTER, *lines]), encoding="utf-8")


def make_forms(inbox: Path, warm: Path, forms: int) -> None:
    """The register and a form of each of its schools; to warm up, those of another year."""
    write_register(inbox, forms)
    write_forms(inbox, forms, 2022)
    write_forms(warm, min(forms, WARM_FORMS), 2021)


def write_forms(folder: Path, forms: int, year: int) -> None:
    """One workbook a school, made by putting its numbers into the XML of the first."""
    marks = (7_000_001, year, 7_000_002, 7_000_003, 7_000_004)
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Форма")
        sheet.write_row(0, 0, FORM)
        sheet.write_row(1, 0, marks)
    with zipfile.ZipFile(stream) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    part = next(name for name in parts if name.startswith("xl/worksheets/"))
    for number in range(forms):
        here = parts[part]
        values = (number + 1, year, 20 + number % 50, number % 9, number % 11)
        for mark, value in zip(marks, values, strict=True):
            here = here.replace(str(mark).encode(), str(value).encode())
        with zipfile.ZipFile(
            folder / f"форма {year} {number + 1}.xlsx", "w", zipfile.ZIP_DEFLATED
        ) as archive:
            for name, content in parts.items():
                archive.writestr(name, here if name == part else content)


def read_cells(files: list[Path]) -> None:
    """What the ratios are of: all cells of all sheets, by calamine alone."""
    for file in files:
        workbook = CalamineWorkbook.from_path(str(file))
        for name in workbook.sheet_names:
            workbook.get_sheet_by_name(name).to_python()


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@contextmanager
def one_core() -> Iterator[None]:
    """Bind this process, and what it starts, to one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def land(root: Path, processes: int) -> float:
    """Seconds of landing what is new in an inbox; nothing of it may be rejected as a whole."""
    begun = time.perf_counter()
    report = ingest(Settings(root), processes=processes)
    spent = time.perf_counter() - begun
    rejected = [r.path for r in report.receipts if r.outcome == "rejected"]
    if rejected:
        raise AssertionError(f"rejected: {rejected[:3]}")
    return spent


def landed_in(root: Path, processes: int) -> float:
    """Seconds of landing ``root/inbox`` but for its register: that lands before, and warms everything up."""
    data = root / "data"
    shutil.rmtree(data, ignore_errors=True)
    inbox = data / "inbox"
    inbox.mkdir(parents=True)
    register, *_ = [*(root / "inbox").glob("*.csv"), *(root / "inbox").glob("school_register.xlsx")]
    shutil.copy(register, inbox)
    shutil.copytree(root / "warm", inbox, dirs_exist_ok=True)
    with kept_processes():
        land(data, processes)
        for file in (root / "inbox").iterdir():
            if not (inbox / file.name).exists():
                os.link(file, inbox / file.name)
        return land(data, processes)


def measure(root: Path, rounds: int) -> dict[int, float]:
    """Landing / calamine by number of processes: the ratio of the shortest times."""
    files = [f for f in sorted((root / "inbox").glob("*.xlsx")) if f.name != "school_register.xlsx"]
    plain: list[float] = []
    landing: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        with one_core():
            plain.append(seconds(lambda: read_cells(files)))
            landing[1].append(landed_in(root, 1))
        landing[2].append(landed_in(root, 2))
    for processes, found in landing.items():
        print(
            f"{len(files)} files, {processes} process(es): landing {min(found):.2f} s, "
            f"calamine {min(plain):.2f} s, ratio {min(found) / min(plain):.2f}",
            flush=True,
        )
    return {processes: min(found) / min(plain) for processes, found in landing.items()}


def peak_memory(root: Path, forms: int) -> float:
    """MB of landing so many forms, in a process of its own."""
    folder = root / f"memory {forms}"
    (folder / "inbox").mkdir(parents=True)
    write_register(folder / "inbox", forms)
    write_forms(folder / "inbox", forms, 2022)
    command = [sys.executable, __file__, "--memory-of", str(folder)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def print_peak(data: Path) -> None:
    ingest(Settings(data), processes=1)
    here = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print((here + children) / 1024)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=("real", "forms"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--forms", type=int, default=5000)
    parser.add_argument("--memory-of", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        print_peak(arguments.memory_of)
        return 0
    is_slow = False
    with TemporaryDirectory() as folder:
        os.environ["SCHOOL_QUALITY_PII_KEY"] = "a key for measuring"
        root = Path(folder)
        for part, make in (("real", make_real), ("forms", partial(make_forms, forms=arguments.forms))):
            if arguments.part in (None, part):
                inbox, warm = root / part / "inbox", root / part / "warm"
                inbox.mkdir(parents=True)
                warm.mkdir()
                make(inbox, warm)
        if arguments.part != "forms":
            ratios = measure(root / "real", arguments.rounds)
            is_slow |= any(ratio > REAL_LIMITS[processes] for processes, ratio in ratios.items())
        if arguments.part != "real":
            is_slow |= measure(root / "forms", arguments.rounds)[2] > FORMS_LIMIT
            few, all_of_them = (peak_memory(root, n) for n in (arguments.forms // 5, arguments.forms))
            print(f"peak memory: {few:.0f} MB and {all_of_them:.0f} MB, ratio {all_of_them / few:.2f}")
            is_slow |= all_of_them / few > MEMORY_LIMIT
    return int(is_slow)


if __name__ == "__main__":
    raise SystemExit(main())

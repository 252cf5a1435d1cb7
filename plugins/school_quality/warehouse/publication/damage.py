"""Damage to what is published, by disks or by people: found before a run begins, and repaired.

A damaged release is set aside, never deleted: its warehouse, where it opens, still tells the history.
`find` is cheap enough for a health check; `check`, before a run, also compares checksums of what the run
will read: the current release, and the newest one, which holds the history.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from school_quality.errors import Damaged, SchoolQualityError, UsageError
from school_quality.landing import last_look
from school_quality.landing.receipts import checksum
from school_quality.screen import one_line
from school_quality.settings import Settings
from school_quality.warehouse.publication import history, journal, releases, runs
from school_quality.warehouse.publication.journal import Entry
from school_quality.warehouse.publication.releases import MANIFEST, WAREHOUSE, ReleaseInfo

log = logging.getLogger(__name__)

ADVICE = "Что делать: school-quality repair"


@dataclass(frozen=True, slots=True)
class Damage:
    """A file or link that is not as the system has written it; ``what`` is in Russian.

    ``is_in_the_way``: a run cannot begin before it is repaired.
    """

    path: Path
    what: str
    release_id: str | None = None
    is_in_the_way: bool = True

    def is_of_all(self, settings: Settings) -> bool:
        """Whether it concerns all releases: the link to the one in force, or the journal."""
        return self.path in {settings.current, journal.path_of(settings)}

    def line(self, settings: Settings) -> str:
        return one_line(f"{self.path.relative_to(settings.data_root)}: {self.what}")


def find(settings: Settings, *, thoroughly: bool = False) -> list[Damage]:
    """Everything damaged; ``thoroughly`` with checksums of the warehouses that a run reads."""
    found = []
    try:
        entries = journal.noted(settings)
    except Damaged:
        found.append(Damage(journal.path_of(settings), "файл повреждён"))
        entries = []
    else:
        if not entries and _has_history(settings):
            found.append(Damage(journal.path_of(settings), "файл пуст или пропал"))
    found += _of_current(settings, has_entries=bool(entries or found))
    newest = [entry.release_id for entry in entries if entry.action == "publish"][-1:]
    needed = {releases.current_id(settings), *newest}
    for folder in _folders(settings):
        is_needed = folder.name in needed
        damage = _of_release(settings, folder, is_checked=thoroughly and is_needed)
        if damage is not None:
            found.append(Damage(folder / damage[0], damage[1], folder.name, is_needed))
    found += [Damage(path, "запись не читается", None, False) for path in runs.damaged(settings)]
    found += [Damage(path, "это папка, а должен быть файл") for path in last_look.folders(settings)]
    if not _is_json(settings.build_record):
        found.append(Damage(settings.build_record, "запись не читается", None, False))
    return found


def check(settings: Settings, *, with_releases: bool = True) -> None:
    """Raise `Damaged`, naming each, where something is in the way of a run.

    Without ``with_releases`` only the link and the journal count: enough for going back to another release.
    """
    _finish_first(settings)
    found = [
        damage
        for damage in find(settings, thoroughly=with_releases)
        if damage.is_in_the_way and (with_releases or damage.is_of_all(settings))
    ]
    if found:
        raise _told(settings, found, "Повреждено, работа не начата.")


def shown(settings: Settings) -> str:
    """The release that readers see, for whoever reads it.

    Raises `UsageError` before the first one, `Damaged` where nothing tells any more which one it is.
    """
    release_id = releases.current_id(settings)
    if release_id is not None and settings.current.is_dir():
        return release_id
    found = [damage for damage in find(settings) if damage.is_of_all(settings)]
    if found:
        raise _told(settings, found, "Неизвестно, какой выпуск в силе.")
    raise UsageError("Выпусков ещё нет. Сначала: school-quality run --year ГОД")


def _told(settings: Settings, found: Iterable[Damage], head: str) -> Damaged:
    lines = "\n  ".join(damage.line(settings) for damage in found)
    return Damaged(f"{head}\n  {lines}\n{ADVICE}")


def _finish_first(settings: Settings) -> None:
    """Show the first release where its publication was killed between the journal's entry and the switch."""
    try:
        entries = journal.noted(settings)
    except Damaged:
        return
    if len(entries) == 1 and not settings.current.exists() and not settings.current.is_symlink():
        folder = settings.published / entries[0].release_id
        if folder.is_dir() and _of_release(settings, folder, is_checked=True) is None:
            journal.switch(settings, [], entries[0])


def _has_history(settings: Settings) -> bool:
    """Whether the release in force was published by a version that keeps a journal."""
    release_id = releases.current_id(settings)
    warehouse = releases.warehouse(settings, release_id) if release_id else None
    return warehouse is not None and opens(warehouse) and bool(history.switches(warehouse))


def _folders(settings: Settings) -> list[Path]:
    """The folders of releases, damaged ones included."""
    if not settings.published.is_dir():
        return []
    return sorted(
        path
        for path in settings.published.iterdir()
        if path.is_dir() and not path.name.startswith(".") and path != settings.current
    )


def _of_current(settings: Settings, *, has_entries: bool) -> Iterator[Damage]:
    link = settings.current
    if link.is_symlink():
        if not releases.leads_to_release(settings):
            yield Damage(link, f"ссылка ведёт не на выпуск, а в {link.readlink()}")
        elif not link.is_dir():
            yield Damage(link, f"ссылка ведёт на выпуск {link.readlink().name}, которого нет")
    elif link.exists():
        yield Damage(link, "это копия выпуска, а должна быть ссылка на него")
    elif has_entries:
        yield Damage(link, "ссылки нет, а выпуски есть")


def _of_release(settings: Settings, folder: Path, *, is_checked: bool) -> tuple[str, str] | None:
    """Which file of a release is damaged, and how; None where it is whole."""
    try:
        told = releases.manifest(settings, folder.name)
    except SchoolQualityError:
        return MANIFEST, "файл повреждён или пропал"
    warehouse = folder / WAREHOUSE
    if not opens(warehouse):
        return WAREHOUSE, "файл не открывается"
    wanted = told.get("sha256", {}).get(WAREHOUSE)
    if is_checked and wanted is not None and checksum(warehouse) != wanted:
        return WAREHOUSE, "файл изменён"
    return None


def opens(warehouse: Path) -> bool:
    """Whether DuckDB opens the file, and no part of it is cut off."""
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = connection.execute(
                "select total_blocks * block_size from pragma_database_size() "
                "where database_name = current_database()"
            ).fetchone()
            connection.execute("select count(*) from duckdb_tables()")
    except duckdb.Error:
        return False
    return found is not None and warehouse.stat().st_size >= int(found[0])


def tells_history(settings: Settings, release_id: str) -> bool:
    """Whether the history of a release can be carried on: it is whole, or only its manifest was damaged."""
    warehouse = releases.kept_warehouse(settings, release_id)
    if warehouse.parent.name.startswith(releases.SET_ASIDE) and _is_json(warehouse.with_name(MANIFEST)):
        told = json.loads(warehouse.with_name(MANIFEST).read_text(encoding="utf-8"))
        sums = told.get("sha256") if isinstance(told, dict) else None
        wanted = sums.get(WAREHOUSE) if isinstance(sums, dict) else None
        if wanted is not None and checksum(warehouse) != wanted:
            return False
    return opens(warehouse)


def _is_json(path: Path) -> bool:
    """Whether a file is missing or holds JSON."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return True


def repair(settings: Settings) -> list[str]:
    """Make publication possible again, and show readers the newest whole release. Needs the build lock.

    Returns lines for people: what was found, and what was done.
    """
    found = find(settings, thoroughly=True)
    lines = [f"Повреждено: {damage.line(settings)}" for damage in found]
    if not found:
        return lines
    lines += _mend_copy_of_current(settings)
    for damage in found:
        if not damage.is_of_all(settings):
            folder = settings.published / damage.release_id if damage.release_id else damage.path
            aside = _set_aside(folder)
            lines.append(f"Отложено: {aside.relative_to(settings.data_root)}")
    if any(damage.path == journal.path_of(settings) for damage in found):
        if journal.path_of(settings).exists():
            aside = _set_aside(journal.path_of(settings))
            lines.append(f"Отложено: {aside.relative_to(settings.data_root)}")
        journal.write(settings, _remembered(settings))
        lines.append("Журнал выпусков восстановлен по истории в самих выпусках.")
    return [*lines, *_mend_current(settings)]


def _mend_copy_of_current(settings: Settings) -> Iterator[str]:
    """Where ``current`` is a folder, make it the release that it is a copy of, or set it aside."""
    copy = settings.current
    if copy.is_symlink() or not copy.is_dir():
        return
    try:
        release_id = str(json.loads((copy / MANIFEST).read_text(encoding="utf-8"))["release_id"])
        target = settings.published / release_id
        if Path(release_id).name == release_id and not target.exists():
            copy.rename(target)
            yield f"Папка current стала выпуском {release_id}"
            return
    except (OSError, ValueError, LookupError, TypeError) as error:
        log.warning("the copy in %s does not say of which release it is: %s", copy, error)
    yield f"Отложено: {_set_aside(copy).relative_to(settings.data_root)}"


def _set_aside(path: Path) -> Path:
    """Give something damaged a hidden name beside its place."""
    target = path.with_name(f"{releases.SET_ASIDE}{path.name}")
    if target.exists():
        target = path.with_name(f"{releases.SET_ASIDE}{path.name}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    shutil.move(path, target)
    return target


def _mend_current(settings: Settings) -> Iterator[str]:
    """Let ``current`` lead to the last release that readers saw and that is whole."""
    entries = journal.noted(settings)
    current = releases.current_id(settings) if settings.current.is_dir() else None
    if current is not None and entries and entries[-1].release_id == current:
        return
    whole = [path.name for path in _folders(settings) if not _of_release(settings, path, is_checked=True)]
    shown = [entry for entry in entries if entry.release_id in whole]
    if not whole:
        settings.current.unlink(missing_ok=True)
        if entries:
            _set_aside(journal.path_of(settings))
        yield "Целых выпусков нет: следующий будет первым, история начнётся с него."
        return
    last = current or (shown[-1].release_id if shown else whole[-1])
    if entries and entries[-1].release_id == last:
        journal.switch(settings, entries[:-1], entries[-1])
    else:
        release = ReleaseInfo.from_json(releases.manifest(settings, last))
        replaced = entries[-1].release_id if entries else None
        entry = Entry.of(journal.next_moment(entries), "repair", release, replaced)
        journal.switch(settings, entries, entry)
    yield f"Читатели видят выпуск {last}."


def _remembered(settings: Settings) -> list[Entry]:
    """The journal as the releases themselves tell it, with the rollbacks since the last publication."""
    warehouses = [
        path for path in settings.published.glob(f"*/{WAREHOUSE}") if path.parent != settings.current
    ]
    known = [history.switches(path) for path in warehouses if opens(path)]
    entries = max(known, key=len, default=[])
    found = (run for run in runs.all_runs(settings) if run.run_id.startswith(f"{runs.ROLLBACK}/"))
    rollbacks = sorted(
        (datetime.fromisoformat(run.run_id.partition("/")[2]), str(run.release_id)) for run in found
    )
    known_releases = releases.readable(settings)
    for moment, release_id in rollbacks:  # two of one second have files in any order
        release = known_releases.get(release_id)
        if release is not None and entries and moment > entries[-1].moment:
            info = ReleaseInfo.from_json(release)
            entries.append(Entry.of(moment, "rollback", info, entries[-1].release_id))
    return entries

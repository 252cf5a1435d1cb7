"""The image of the Compose file is built, and does its work as the Compose file starts it.

Not as root, with no right of root, and writing only where a volume or a ``tmpfs`` is mounted.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from e2e import image
from e2e.conftest import PROJECT, Root, query
from e2e.deployment import SECRETS, image_user, load
from e2e.doors import open_to_others
from e2e.postgresql import PostgresServer, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500), pytest.mark.seconds(400)]

PACKAGES = """
import json, sys, sysconfig
from importlib.metadata import distributions
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as name

lines = open("/app/requirements.lock", encoding="utf-8").read().splitlines()
locked = [Requirement(line.rstrip(" \\\\")) for line in lines if line[:1].isalnum()]
wanted = {name(r.name): str(r.specifier) for r in locked if r.marker is None or r.marker.evaluate()}
found = {name(d.name): "==" + d.version for d in distributions(path=[sysconfig.get_path("purelib")])}
json.dump([wanted, found], sys.stdout)
"""
COMMANDS = """
import json, shutil, sys
from airflow.cli.cli_parser import get_parser

for command in json.load(sys.stdin):
    assert shutil.which(command[0]), command
    if command[0] == "airflow":
        get_parser().parse_args(command[1:])
"""
FOLDERS = """
import json, os, sys

json.dump({path: os.stat(path).st_uid for path in json.load(sys.stdin)}, sys.stdout)
"""


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of our image, as Compose sees them."""
    every = load(SECRETS)["services"]
    return {name: given for name, given in every.items() if given["image"] == every["init"]["image"]}


@pytest.fixture(scope="module")
def buildah(services: dict[str, Any], pytestconfig: pytest.Config) -> image.Buildah:
    """buildah with the image built; kept below pytest's cache while base and packages are the same."""
    if missing := image.missing():
        pytest.skip(missing)
    assert pytestconfig.cache is not None
    cache = pytestconfig.cache.mkdir("image")
    with FileLock(cache / "lock"):
        made = image.Buildah(cache / image.fingerprint())
        made.folder.mkdir(exist_ok=True)
        for folder in (path for path in cache.iterdir() if path.is_dir()):
            image.Buildah(folder)("rm", "--all")  # those of a test that was killed
            if folder != made.folder:
                shutil.rmtree(folder)
        made.build(services["init"]["image"])
    return made


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with running() as started:
        started.execute("create database airflow")
        yield started


@pytest.fixture(scope="module")
def container(
    buildah: image.Buildah, services: dict[str, Any], server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[image.Container]:  # fmt: skip
    """The scheduler, which runs the tasks; with it the commands of production.md are called."""
    given = services["scheduler"]
    database = server.url(database="airflow").replace("postgresql:", "postgresql+psycopg2:")
    environment = {
        **services["init"]["environment"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
    }
    name = buildah("from", "--pull-never", given["image"])
    made = image.Container(buildah, name, given, environment, tmp_path_factory.mktemp("volumes"))
    for mount in made.mounts():
        folder = Path(mount.split(":")[0])
        folder.mkdir()
        shutil.chown(folder, image_user(), image_user())
    shutil.copytree(PROJECT / "data/examples/inbox", made.place("/data/inbox"), dirs_exist_ok=True)
    try:
        yield made
    finally:
        buildah("rm", name)


def test_the_image_holds_the_lock_and_what_the_services_need_and_nothing_of_the_machine(
    container: image.Container,
) -> None:
    wanted, found = json.loads(container.say("python", "-c", PACKAGES))
    app = container.root / "app"

    assert found == {**wanted, "school-quality": found["school-quality"]}
    assert {path.name for path in app.iterdir()} == {
        "LICENSE", "README.md", "dags", "data", "dbt_project", "expectations", "plugins", "pyproject.toml",
        "requirements.lock",
    }  # fmt: skip
    assert [str(path.relative_to(app)) for path in app.glob("data/*")] == ["data/examples"]
    assert not [path for path in app.rglob("__pycache__") if path.is_dir()]
    texts = [
        path
        for folder in ("app", "etc", "home", "opt", "root", "var")
        for path in (container.root / folder).rglob("*")
        if path.is_file() and not path.is_symlink()
    ]
    hosts = [host.encode() for host in image.hosts_of_this_machine()]
    assert [path for path in texts if any(host in path.read_bytes() for host in hosts)] == []
    assert (container.root / "etc/pip.conf").read_bytes() == b""  # what buildah has mounted the settings over


def test_the_services_find_their_commands_and_folders_in_the_image(
    container: image.Container, services: dict[str, Any], buildah: image.Buildah
) -> None:
    commands = [given["command"] for given in services.values()]
    commands += [given["entrypoint"] for given in services.values()]
    inside = [mount.split(":")[1] for mount in container.mounts()]
    of_image = json.loads(buildah("inspect", "--type", "image", services["init"]["image"]))["OCIv1"]["config"]

    container.say("python", "-c", COMMANDS, given=json.dumps(commands))
    owners = json.loads(container.say("python", "-c", FOLDERS, given=json.dumps(inside)))

    assert owners == dict.fromkeys(inside, image_user())
    assert {given["user"] for given in services.values()} == {of_image["User"]}
    for given in services.values():
        assert {mount.partition(":")[0] for mount in given["tmpfs"]} == {"/tmp", "/opt/airflow"}  # noqa: S108
        assert given["read_only"]
    for name in ("SCHOOL_QUALITY_DATA", "SCHOOL_QUALITY_HOME", "AIRFLOW_HOME"):
        assert f"{name}={container.environment[name]}" in of_image["Env"]


def test_the_image_recomputes_the_example_without_root_and_writes_only_into_its_volumes(
    container: image.Container, services: dict[str, Any], example_root: Root
) -> None:
    # the first command also makes what buildah mounts something over
    status = container.say("cat", "/proc/self/status")
    before = image.written(container.root)

    initialised = container.say(*services["init"]["command"])
    # 3: published, and some rows of the example are not accepted
    _, users = container.run("school-quality", "run", "--year", "2022", code=3)
    examined = container.say("school-quality", "doctor")

    assert "первый пользователь" in initialised
    assert all(line.startswith(("✓", "!", " ")) for line in examined.splitlines()), examined
    assert "Выпуск" in examined and "duckdb_writer" in examined
    data = container.place("/data")
    for_status = "select * from marts.fct_school_status order by all"
    assert query(data, for_status) == query(example_root.data, for_status)
    assert users == {image_user()}
    rights = dict(line.split(":", 1) for line in status.splitlines())
    assert {rights[name].strip() for name in ("CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
    assert set(rights["Uid"].split()) == {str(image_user())}
    after = image.written(container.root)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed <= {str(container.root / "run")}  # there buildah mounts what it tells its containers
    kept = [path for path in data.iterdir() if path.name != "inbox"]
    assert open_to_others(container.place("/opt/airflow/logs"), *kept) == {}

"""docker-compose.yml: valid, pinned, without root, and without a default for any secret."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from e2e.deployment import COMPOSE, SECRETS, SECRETS_OF_SUPERSET, load

PROJECT = Path(__file__).resolve().parents[2]
RUN_ONCE = {"init", "bi-init"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return load(SECRETS)


def test_the_file_follows_the_schema_of_compose() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]

    done = subprocess.run(command, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(set(SECRETS) - SECRETS_OF_SUPERSET))
def test_no_secret_has_a_default(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        load({each: value for each, value in SECRETS.items() if each != name})


def test_without_the_profile_of_superset_nobody_needs_its_secrets() -> None:
    given = {name: value for name, value in SECRETS.items() if name not in SECRETS_OF_SUPERSET}

    services = load(given)["services"]

    assert "bi-init" in services


@pytest.mark.parametrize("command", ["prepare", "serve"])
@pytest.mark.parametrize("name", sorted(SECRETS_OF_SUPERSET))
def test_superset_does_not_start_without_one_of_its_secrets(
    name: str, command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = importlib.util.spec_from_file_location("serve_of_superset", PROJECT / "bi/superset/serve.py")
    assert spec is not None and spec.loader is not None
    serve = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(serve)
    given = load({each: value for each, value in SECRETS.items() if each != name})["services"]["bi-init"]
    environment = {**given["environment"], "SUPERSET_HOME": str(tmp_path / "superset")}

    done = CliRunner().invoke(serve.main, [command], env=environment)

    assert done.exit_code == 1
    assert f"Не заданы секреты Superset: {name}." in done.output
    assert not (tmp_path / "superset").exists()


def test_whatever_looks_like_a_secret_comes_from_the_environment() -> None:
    def walk(value: Any, key: str = "") -> None:
        if isinstance(value, dict):
            for each, inner in value.items():
                walk(inner, each)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, key)
        elif isinstance(value, str) and (re.search(r"SECRET|PASSWORD|KEY|AUTH$", key) or "://" in value):
            for credential in re.findall(r"//\w*:([^@/]+)@", value) or [value]:
                if re.search(r"SECRET|PASSWORD|KEY|AUTH$", key) or "@" in value:
                    of_superset = credential[2:-3] in SECRETS_OF_SUPERSET and credential.endswith(":-}")
                    assert of_superset or re.fullmatch(r"\$\{\w+:\?.+\}", credential), (key, value)

    walk(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


def test_the_services_are_those_of_airflow_and_profiles_add_workers_and_superset(
    document: dict[str, Any],
) -> None:
    services = document["services"]

    always = {name for name, service in services.items() if not service.get("profiles")}
    scaled = {name for name, service in services.items() if service.get("profiles") == ["scale"]}

    assert always == {"postgres", "init", "api-server", "scheduler", "dag-processor", "triggerer"}
    assert scaled == {"redis", "worker"}
    assert {name for name, service in services.items() if service.get("profiles") == ["bi"]} == {
        "bi-init",
        "superset",
    }
    assert services["worker"]["deploy"]["replicas"] == 2


def test_nothing_runs_as_root_and_every_image_has_a_version(document: dict[str, Any]) -> None:
    for name, service in document["services"].items():
        assert service["user"] not in {"root", "0", "0:0"}, name
        assert re.search(r":\d+\.\d+\.?\d*[\w.-]*$", service["image"]), name
    for name in ("Dockerfile", "bi/superset/Dockerfile"):
        dockerfile = (PROJECT / name).read_text(encoding="utf-8")
        assert re.search(r"^FROM python:\d+\.\d+\.\d+-", dockerfile, re.MULTILINE)


def test_the_image_of_superset_installs_its_lock_and_is_not_root() -> None:
    """The image of Airflow is built by tests/e2e/test_image.py; this one is not."""
    dockerfile = (PROJECT / "bi/superset/Dockerfile").read_text(encoding="utf-8")
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")

    install = "install{} --no-deps --require-hashes -r {}requirements.lock"

    assert install.format("", "") in dockerfile
    assert install.format(" --quiet --quiet", "bi/superset/") in makefile
    assert re.search(r"^USER 10001", dockerfile, re.MULTILINE)


def test_every_lasting_service_has_a_health_check_and_volumes_have_names(document: dict[str, Any]) -> None:
    for name, service in document["services"].items():
        if name not in RUN_ONCE:
            assert service["healthcheck"]["test"], name
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in document["volumes"], volume


def test_only_the_pages_are_reachable_and_only_from_the_server_itself(document: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in document["services"].items() if "ports" in service}

    assert ports == {"api-server": ["127.0.0.1:8080:8080"], "superset": ["127.0.0.1:8088:8088"]}


def test_the_image_of_superset_gets_every_file_that_its_commands_need(document: dict[str, Any]) -> None:
    context = PROJECT / document["services"]["superset"]["build"]

    dockerfile = (context / "Dockerfile").read_text(encoding="utf-8")
    copied = {name for line in re.findall(r"(?m)^COPY (.*)$", dockerfile) for name in line.split()[:-1]}

    assert all((context / name).exists() for name in copied)
    assert {"serve.py", "provision.py", "superset_config.py", "assets", "requirements.lock"} == copied
    for service in ("bi-init", "superset"):
        assert document["services"][service]["command"][1] in copied

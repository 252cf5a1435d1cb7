"""The image of the Dockerfile, built and run by buildah: no daemon, and no registry of images.

Its base is made by debootstrap, Debian's own Python under the name that ``FROM`` asks for. Packages come from
where pip and apt of this machine have theirs; where that is, the image does not learn.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from e2e.deployment import PROJECT

TOOLS = ("buildah", "debootstrap")
PACKAGES = "python3,python3-pip,python-is-python3"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
SETTINGS = ("default-timeout", "index-url", "proxy", "trusted-host")
"""What pip inside has to know about this machine, beside its certificates."""
_HERE = ("--isolation", "chroot", "--network", "host")
_LEFT_BY_DEBOOTSTRAP = (
    "etc/apt/sources.list", "etc/hostname", "etc/resolv.conf", "usr/lib/python3*/EXTERNALLY-MANAGED",
    "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*", "var/log/*.log",
)  # fmt: skip


def fingerprint() -> str:
    """A hash of what the big layers are made of: base and packages. Others are small and made anew."""
    parts = [PACKAGES, *_LEFT_BY_DEBOOTSTRAP]
    parts += [(PROJECT / name).read_text(encoding="utf-8") for name in ("Dockerfile", "requirements.lock")]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def pip_settings() -> dict[str, str]:
    """The settings of this machine's pip, from its files and the environment, by their names in a file."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    given = (line.partition("=") for line in listed.splitlines())
    return {name.rpartition(".")[2]: str(ast.literal_eval(value)) for name, _, value in given}


def mirror() -> str:
    """Where apt of this machine has Debian's packages of the base from; empty where it has none of them."""
    wanted = ["Created-By: Packages", f"Codename: {suite()}", "Component: main"]
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", *wanted]
    listed = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.splitlines()
    return listed[0] if listed else ""


def base_name() -> str:
    [name] = re.findall(r"(?m)^FROM (\S+)$", (PROJECT / "Dockerfile").read_text(encoding="utf-8"))
    return f"docker.io/library/{name}"


def suite() -> str:
    """Debian's release in the name of the base."""
    return base_name().rpartition("-")[2]


def hosts_of_this_machine() -> set[str]:
    """The hosts that nothing in an image may name."""
    settings = pip_settings()
    addresses = [mirror(), *(settings.get(name, "") for name in ("index-url", "extra-index-url", "proxy"))]
    found = {urlsplit(address).hostname or "" for text in addresses for address in text.split()}
    return {*found, *settings.get("trusted-host", "").split()} - {""}


@dataclass(frozen=True)
class Buildah:
    """buildah with images of its own below ``folder``; what it has built there it need not build again."""

    folder: Path

    def command(self, *arguments: object) -> list[str]:
        places = ["--root", self.folder / "storage", "--runroot", self.folder / "run"]
        return ["buildah", *map(str, places), *map(str, arguments)]

    def __call__(self, *arguments: object) -> str:
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def build(self, tag: str) -> None:
        """The image of the Dockerfile; its base first, where it is not there yet."""
        if base_name() not in self("images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
            self._make_base()
        settings = pip_settings()
        known = [f"{name} = {settings[name]}".replace("\n", "\n  ") for name in SETTINGS if name in settings]
        file = self.folder / "pip.conf"
        file.write_text("\n".join(["[global]", *known, f"cert = {CERTIFICATES}", ""]), encoding="utf-8")
        volumes = {file: "/etc/pip.conf", settings.get("cert", CERTIFICATES): CERTIFICATES}
        mounted = [f"--volume={here}:{there}:ro" for here, there in volumes.items()]
        self("bud", *_HERE, "--pull-never", "--layers", *mounted, "--tag", tag, PROJECT)
        file.unlink()
        self("rmi", "--prune")

    def _make_base(self) -> None:
        container = self("from", "scratch")
        root = Path(self("mount", container))
        archives = Path("/var/cache/apt/archives")
        kept = [f"--cache-dir={archives}"] if archives.is_dir() else []
        what = ["--variant=minbase", f"--include={PACKAGES}", *kept, suite(), root]
        done = subprocess.run(
            ["debootstrap", *what, *filter(None, [mirror()])], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        for pattern in _LEFT_BY_DEBOOTSTRAP:
            for path in root.glob(pattern):
                path.unlink()
        self("commit", "--quiet", "--rm", container, base_name())


@dataclass(frozen=True)
class Container:
    """A container as Compose makes one of a service: its user, rights, environment, volumes and ``tmpfs``.

    ``folder`` holds a folder a volume and a ``tmpfs``, by its path inside with ``_`` for ``/``.
    """

    buildah: Buildah
    name: str
    service: Mapping[str, Any]
    environment: Mapping[str, str]
    folder: Path

    def place(self, inside: str) -> Path:
        """The folder of this machine that the container has at ``inside``."""
        return self.folder / inside.strip("/").replace("/", "_")

    @cached_property
    def root(self) -> Path:
        """Its root folder, without what is mounted in it."""
        return Path(self.buildah("mount", self.name))

    def mounts(self) -> Iterator[str]:
        """The mounts of the service, the outer ones first: from here, to there, with their options."""
        given = [volume.split(":", 1)[1] for volume in self.service["volumes"]]
        given += [mount.partition(":")[0] for mount in self.service["tmpfs"]]
        for inside, _, options in (text.partition(":") for text in sorted(given)):
            yield f"{self.place(inside)}:{inside}:{options or 'rw'}"

    def _start(self, *command: str) -> subprocess.Popen[str]:
        """A command in the container, by the entrypoint of its service."""
        given = [
            f"--user={self.service['user']}",
            *(f"--cap-drop={each}" for each in self.service["cap_drop"]),
        ]
        given += [f"--env={name}={value}" for name, value in self.environment.items()]
        given += [f"--volume={mount}" for mount in self.mounts()]
        call = self.buildah.command(
            "run", *_HERE, *given, self.name, "--", *self.service["entrypoint"], *command
        )
        pipe = subprocess.PIPE
        return subprocess.Popen(call, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")

    def run(self, *command: str, given: str = "", code: int = 0) -> tuple[str, set[int]]:
        """What a command said that ended with ``code``, and the users of all processes that were seen.

        ``given`` is its standard input.
        """
        process, users, unread = self._start(*command), set(), given or None
        while True:
            try:
                said, told = process.communicate(unread, timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                unread = None
                users |= self._users(process)
        assert process.returncode == code, f"{command}: {said[-3000:]}{told[-3000:]}"
        return said, users

    def say(self, *command: str, given: str = "") -> str:
        return self.run(*command, given=given)[0]

    @staticmethod
    def _users(process: subprocess.Popen[str]) -> set[int]:
        """The users of all processes that run for ``process`` just now, but for those of buildah itself."""
        found: set[int] = set()
        for each in psutil.Process(process.pid).children(recursive=True):
            try:
                if "buildah" not in Path(each.exe()).name:  # itself, or memfd:buildah-…
                    found |= {*each.uids()}
            except psutil.NoSuchProcess:  # it has ended meanwhile
                continue
        return found


def written(root: Path) -> dict[str, tuple[int, ...]]:
    """Every path below ``root`` with what changes when somebody writes there."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(folder, name)  # noqa: PTH118 -- a hundred thousand paths
            state = os.lstat(path)
            found[path] = (state.st_mode, state.st_uid, state.st_size, state.st_mtime_ns, state.st_ino)
    return found


def missing() -> str:
    """Why no image can be built here; empty where it can."""
    if absent := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"needs the Debian packages {', '.join(absent)}, which .ci/run installs"
    mounts = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    may = os.geteuid() == 0 and mounts.returncode == 0
    return "" if may else "needs root with the right to mount, as debootstrap and buildah without a daemon do"

"""What other users of the machine, and other machines, would find open."""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterable
from pathlib import Path

import psutil


def listening(processes: Iterable[psutil.Process]) -> dict[str, str]:
    """The addresses at which the processes wait for connections of the network, with the command of each."""
    found = {}
    for process in processes:
        try:
            for connection in process.net_connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN:
                    found[f"{connection.laddr.ip}:{connection.laddr.port}"] = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
    return found


def reachable(processes: Iterable[psutil.Process]) -> dict[str, str]:
    """Those of `listening` that another machine can reach."""
    return {
        address: command
        for address, command in listening(processes).items()
        if not ipaddress.ip_address(address.rpartition(":")[0]).is_loopback
    }


def open_to_others(*roots: Path, hidden: int = 0o077) -> dict[str, str]:
    """Folders and files in ``roots``, these included, whose mode has a bit of ``hidden``, with that mode."""
    paths = [path for root in roots for path in [root, *root.rglob("*")]]
    modes = {str(path): stat.S_IMODE(path.lstat().st_mode) for path in paths if not path.is_symlink()}
    return {path: oct(mode) for path, mode in modes.items() if mode & hidden}

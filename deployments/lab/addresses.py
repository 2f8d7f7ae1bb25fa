"""Which loopback address each system of a lab has, and whether it is free.

Network 0 is the usual lab; another number (to 200) keeps a second lab on the same machine out of its way.
"""
from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from deployments.lab.trouble import LabError

SSH_PORT, MYSQL_PORT, SIP_PORT, MANAGER_PORT = 2020, 3306, 5060, 5038


@dataclass(frozen=True)
class Addresses:
    network: int = 0

    def appliance(self, number: int) -> str:
        return f"127.21.{self.network}.{number}"

    @property
    def carrier(self) -> str:
        return f"127.22.{self.network}.1"

    @property
    def swarm(self) -> str:
        """The first half of the simulated systems' addresses."""
        return f"127.{30 + self.network}"

    @property
    def serverware(self) -> str:
        """Host and port of the lab's SERVERware."""
        return f"127.24.{self.network}.1:8443"

    def database(self, number: int) -> str:
        return f"127.23.{self.network}.{number}"


def check_free(address: str) -> None:
    """Raise LabError when something already listens where a system of the lab is to be."""
    wanted = (
        (SSH_PORT, socket.SOCK_STREAM), (MYSQL_PORT, socket.SOCK_STREAM), (MANAGER_PORT, socket.SOCK_STREAM),
        (SIP_PORT, socket.SOCK_DGRAM),
    )
    for port, kind in wanted:
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise LabError(f"{address}:{port} cannot be used here: {error.strerror}") from error
                raise LabError(
                    f"{address}:{port} is taken by another lab or program; take that down, or choose another --network"
                ) from error

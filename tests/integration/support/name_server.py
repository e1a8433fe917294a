# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server that gives every name one IPv4 address, but for those that it is given, and prints who asked for what.

Run as a program of its own in a namespace: name_server.py ADDRESS (LISTEN|NAME=ADDRESS)...
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys

HEADER = 12
TYPE_A = 1


def main(address: str, *arguments: str) -> None:
    listen = [argument for argument in arguments if "=" not in argument]
    known = dict(argument.split("=") for argument in arguments if "=" in argument)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _place in listen]
        for server, place in zip(servers, listen):
            server.bind((place, 53))
        print("ready", flush=True)
        while True:
            for server in select.select(servers, [], [])[0]:
                query, asker = server.recvfrom(4096)
                name = name_of(query)
                print(f"{asker[0]} {name}", flush=True)
                server.sendto(answer(query, known.get(name, address)), asker)


def name_of(query: bytes) -> str:
    labels, place = [], HEADER
    while query[place]:
        labels.append(query[place + 1 : place + 1 + query[place]].decode())
        place += 1 + query[place]
    return ".".join(labels)


def answer(query: bytes, address: str) -> bytes:
    place = query.index(0, HEADER)
    question = query[HEADER : place + 5]
    answers = int(struct.unpack("!H", question[-4:-2])[0] == TYPE_A)
    record = b"\xc0\x0c" + struct.pack("!HHIH", TYPE_A, 1, 60, 4) + socket.inet_aton(address)
    return query[:2] + struct.pack("!HHHHH", 0x8180, 1, answers, 0, 0) + question + record * answers


if __name__ == "__main__":
    main(*sys.argv[1:])

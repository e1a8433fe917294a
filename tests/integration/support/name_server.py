# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name server that gives every name one IPv4 address, and prints who asked for what.

Run as a program of its own in a namespace: name_server.py ADDRESS LISTEN...
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import sys

HEADER = 12
TYPE_A = 1


def main(address: str, *listen: str) -> None:
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _place in listen]
        for server, place in zip(servers, listen):
            server.bind((place, 53))
        print("ready", flush=True)
        while True:
            for server in select.select(servers, [], [])[0]:
                query, asker = server.recvfrom(4096)
                server.sendto(answer(query, asker[0], address), asker)


def answer(query: bytes, asker: str, address: str) -> bytes:
    labels, place = [], HEADER
    while query[place]:
        labels.append(query[place + 1 : place + 1 + query[place]].decode())
        place += 1 + query[place]
    print(f"{asker} {'.'.join(labels)}", flush=True)
    question = query[HEADER : place + 5]
    answers = int(struct.unpack("!H", question[-4:-2])[0] == TYPE_A)
    record = b"\xc0\x0c" + struct.pack("!HHIH", TYPE_A, 1, 60, 4) + socket.inet_aton(address)
    return query[:2] + struct.pack("!HHHHH", 0x8180, 1, answers, 0, 0) + question + record * answers


if __name__ == "__main__":
    main(*sys.argv[1:])

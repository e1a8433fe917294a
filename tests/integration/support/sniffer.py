# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints each IPv4 packet from one address that goes to another one, or carries a text. Run in a namespace: sniffer.py FROM TO TEXT."""

from __future__ import annotations

import socket
import sys

EVERY_PROTOCOL = 3
ETHERNET_HEADER = 14


def main(source: str, destination: str, text: str) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERY_PROTOCOL)) as wire:
        print("ready", flush=True)
        while True:
            packet = wire.recv(65535)[ETHERNET_HEADER:]
            if len(packet) < 20 or packet[0] >> 4 != 4 or packet[12:16] != socket.inet_aton(source):
                continue
            if packet[16:20] == socket.inet_aton(destination) or text.encode() in packet:
                print(f"to {socket.inet_ntoa(packet[16:20])}, protocol {packet[9]}: {packet[20:60].hex()}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

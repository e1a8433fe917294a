# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table by which the guard's shell and the controller's Python judge an observed address."""

from __future__ import annotations

# The node sends from these addresses: the first two are those that STUN servers reported, the others those of its interface.
OWN = ("192.0.2.10", "2001:db8:a::10", "10.1.2.3", "2001:db8:b::3")
INTERFACES = ("10.1.2.3", "2001:db8:b::3")
# As OWN, where no STUN server has reported an IPv6 address, and where none has reported any.
OWN_IPV4 = ("192.0.2.10", "10.1.2.3", "2001:db8:b::3")
OWN_UNKNOWN = INTERFACES

ALLOWED, REFUSED, UNKNOWN = 0, 1, 2
# What is expected, the observed address, the node's own addresses, and the judgement.
JUDGEMENTS: list[tuple[str, str, tuple[str, ...], int]] = [
    ("203.0.113.7", "203.0.113.7", OWN, ALLOWED),
    ("203.0.113.7", "203.0.113.70", OWN, REFUSED),
    ("203.0.113.7", "203.0.113.7", OWN_UNKNOWN, ALLOWED),
    ("203.0.113.0/24 2001:db8:e::/48", "203.0.113.9", OWN, ALLOWED),
    ("203.0.113.0/24 2001:db8:e::/48", "2001:db8:e::9", OWN, ALLOWED),
    ("203.0.113.0/24 2001:db8:e::/48", "2001:DB8:E:0:0:0:0:9", OWN, ALLOWED),
    ("203.0.113.0/24 2001:db8:e::/48", "2001:db8:f::9", OWN, REFUSED),
    ("203.0.113.0/25", "203.0.113.128", OWN, REFUSED),
    # An IPv4 address in the form of an IPv6 address.
    ("203.0.113.7", "::ffff:203.0.113.7", OWN, ALLOWED),
    ("203.0.113.7", "::ffff:cb00:7107", OWN, ALLOWED),
    ("203.0.113.0/24", "::ffff:203.0.113.7", OWN, ALLOWED),
    ("::ffff:203.0.113.7", "203.0.113.7", OWN, ALLOWED),
    ("::ffff:203.0.113.0/120", "203.0.113.7", OWN, ALLOWED),
    ("::ffff:203.0.113.0/120", "203.0.114.7", OWN, REFUSED),
    ("differs", "::ffff:192.0.2.10", OWN, REFUSED),
    ("differs", "::ffff:203.0.113.7", OWN, ALLOWED),
    # A direct address is refused, whatever is expected.
    ("192.0.2.0/24", "192.0.2.10", OWN, REFUSED),
    ("192.0.2.10", "192.0.2.10", OWN, REFUSED),
    ("10.0.0.0/8", "10.1.2.3", OWN, REFUSED),
    ("2001:db8::/32", "2001:db8:a::10", OWN, REFUSED),
    ("192.0.2.0/24", "192.0.2.11", OWN, ALLOWED),
    # A network of every address expects nothing.
    ("0.0.0.0/0", "203.0.113.7", OWN, REFUSED),
    ("::/0", "2001:db8:e::9", OWN, REFUSED),
    ("::ffff:0:0/96", "203.0.113.7", OWN, REFUSED),
    ("0.0.0.0/0 203.0.113.7", "203.0.113.7", OWN, ALLOWED),
    # `differs` compares with a direct address of the same family.
    ("differs", "203.0.113.7", OWN, ALLOWED),
    ("differs", "192.0.2.10", OWN, REFUSED),
    ("differs", "10.1.2.3", OWN, REFUSED),
    ("differs", "203.0.113.7", OWN_IPV4, ALLOWED),
    ("differs", "2001:db8:e::9", OWN, ALLOWED),
    ("differs", "2001:db8:a::10", OWN, REFUSED),
    ("differs", "2001:db8:e::9", OWN_IPV4, UNKNOWN),
    ("differs", "203.0.113.7", OWN_UNKNOWN, UNKNOWN),
    ("differs", "10.1.2.3", OWN_UNKNOWN, REFUSED),
    # `any` waives the proof.
    ("any", "203.0.113.7", OWN, ALLOWED),
    ("any", "192.0.2.10", OWN, ALLOWED),
]
# Strings, and whether each is an address.
ADDRESSES: list[tuple[str, bool]] = [
    ("203.0.113.7", True),
    ("255.255.255.255", True),
    ("2001:db8::7", True),
    ("1:2:3:4:5:6:7:8", True),
    ("1:2:3:4:5:6:7::", True),
    ("::ffff:203.0.113.7", True),
    ("64:ff9b::203.0.113.7", True),
    ("::1", True),
    ("459.0.113.7", False),
    ("203.0.113.256", False),
    ("203.0.113.07", False),
    ("203.0.113", False),
    ("203.0.113.7.1", False),
    ("203.0.113.", False),
    ("::ffff:459.0.113.7", False),
    ("203.0.113.7::1", False),
    ("1:2:3:4:5:6:7", False),
    ("1:2:3:4:5:6:7:8::", False),
    ("1:2:3:4:5:6:7:8:9", False),
    ("1::2::3", False),
    (":1", False),
    ("12345::", False),
    ("fe80::1%eth0", False),
    ("12:34:56", False),
    ("everywhere", False),
    ("", False),
]

# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The node's own addresses, and whether an observed address is allowed.

# The addresses from which the node sends to its peers, among them the addresses that STUN servers reported to tailscaled.
addresses_own() {
    printf '%s\n' "$sidecar_status" | sed -n '/^    "Addrs": \[/,/^    \]/s/^ *"\(.*\):[0-9]*",*$/\1/p' | tr -d '[]' | sort -u
}

addresses_of_interfaces() { ip -o addr | awk '{ sub("/.*", "", $4); print $4 }' | sort -u; }

# Those of its own addresses that no interface has: only a STUN server can have reported them.
addresses_direct() {
    local local_addresses own
    local_addresses=" $(addresses_of_interfaces | tr '\n' ' ')"
    for own in $(addresses_own); do
        case $local_addresses in
            *" $own "*) ;;
            *) echo "$own" ;;
        esac
    done
}

# 0: the address is allowed, 1: it is not, 2: that is unknown. `address_verdict` in plugins/module_utils/_sidecar/egress.py judges in the
# same way from the evidence; both are tested with the same table.
addresses_allow() { # address
    [ "$GUARD_EXPECT" != any ] || return 0
    guard_own=$(addresses_own)
    # Whatever is expected: with the node's own address the request did not go through an exit node.
    ! addresses_within "$1" "$guard_own" || return 1
    if [ "$GUARD_EXPECT" = differs ]; then
        addresses_comparable "$1" || return 2
        return 0
    fi
    # A network that has every address expects nothing.
    addresses_within "$1" "$(echo "$GUARD_EXPECT" | tr ' ' '\n' | addresses_bits | awk 'length($1) > 2 { print $2 }')"
}

# Why the address is not allowed.
addresses_complaint() { # address
    if addresses_within "$1" "$guard_own"; then
        echo "which is the node's own address"
    else
        echo "which is not $GUARD_EXPECT"
    fi
}

# Whether a direct address is known: one that has the family of the address, or any.
addresses_comparable() { # address, or ''
    [ -n "$1" ] || { [ -n "$(addresses_direct)" ] && return; }
    addresses_within "$1" "$(addresses_direct | sed 's|.*:.*|::/0|; s|.*\..*|0.0.0.0/0|')"
}

# Whether the address is one of the addresses or in one of the networks.
addresses_within() { # address; addresses and CIDRs, one on each line
    printf '%s\n' "$1" "$2" | addresses_bits |
        awk 'NR == 1 { seen = $1; next } $1 != "-" && seen != "-" && index(seen, $1) == 1 { found = 1 } END { exit !found }'
}

# Reads addresses and CIDRs, one on each line. Prints for each line the family with the bits of its prefix, or `-` for a line that is
# neither; and the line. An IPv4 address that is written as an IPv6 address (::ffff:203.0.113.7) is an IPv4 address.
addresses_bits() {
    awk '
        function binary(value, width, text) {
            for (text = ""; width > 0; width--) { text = value % 2 text; value = int(value / 2) }
            return text
        }
        function hex(text, i, value) {
            for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
            return value
        }
        function number(text, most) { return text ~ /^(0|[1-9][0-9]*)$/ && length(text) < 4 && text + 0 <= most }
        function dotted(text, parts, i, all) {
            if (split(text, parts, ".") != 4) return "-"
            for (i = 1; i <= 4; i++) { if (!number(parts[i], 255)) return "-"; all = all binary(parts[i], 8) }
            return all
        }
        function groups(text, last, parts, n, i, all) {
            n = split(text, parts, ":")
            for (i = 1; i <= n; i++) {
                if (parts[i] ~ /^[0-9a-fA-F]+$/ && length(parts[i]) < 5) all = all binary(hex(parts[i]), 16)
                else if (last && i == n) all = all dotted(parts[i])
                else return "-"
            }
            return all
        }
        function bits(text, gap, left, right) {
            if (text !~ /:/) return dotted(text)
            gap = index(text, "::")
            if (!gap) { left = groups(text, 1); return length(left) == 128 ? left : "-" }
            left = groups(substr(text, 1, gap - 1), 0)
            right = groups(substr(text, gap + 2), 1)
            if (left right ~ /-/ || length(left right) > 112) return "-"
            while (length(left right) < 128) left = left "0"
            return left right
        }
        {
            slash = index($0, "/")
            found = bits(slash ? substr($0, 1, slash - 1) : $0)
            width = slash ? substr($0, slash + 1) : length(found)
            if (found ~ /-/ || !number(width, length(found))) { print "-", $0; next }
            found = substr(found, 1, width)
            if (length(found) >= 96 && substr(found, 1, 96) == mapped) print "4:" substr(found, 97), $0
            else print (index($0, ":") ? "6:" : "4:") found, $0
        }
        BEGIN { for (i = 0; i < 80; i++) mapped = mapped "0"; mapped = mapped "1111111111111111" }
    '
}

# Reads an answer of an echo server, and prints the first address in it. A time of day is none, and neither is `std::dec`.
addresses_first() {
    tr -c '0-9a-zA-Z:.\n' '\n' | grep '[0-9a-fA-F]' | addresses_bits | awk '$1 != "-" && !found { found = 1; print $2 }'
}

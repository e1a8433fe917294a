# shellcheck shell=dash
# Copyright (c) 2026 the notailcar.nomad authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# The node's own addresses, and whether an observed address is allowed.

# The addresses from which the node sends to its peers, among them the addresses that STUN servers reported to tailscaled.
addresses_own() {
    printf '%s\n' "$sidecar_status" | sed -n '/^    "Addrs": \[/,/^    \]/s/^ *"\(.*\):[0-9]*",*$/\1/p' | tr -d '[]' | sort -u
}

# Those of them that no interface has: only a STUN server can have reported them.
addresses_direct() {
    local local_addresses own
    local_addresses=" $(ip -o addr | awk '{ sub("/.*", "", $4); print $4 }' | tr '\n' ' ')"
    for own in $(addresses_own); do
        case $local_addresses in
            *" $own "*) ;;
            *) echo "$own" ;;
        esac
    done
}

# 0: the address is allowed, 1: it is not, 2: that is unknown.
addresses_allow() { # address
    case $GUARD_EXPECT in
        any) return 0 ;;
        differs)
            [ -n "$(addresses_direct)" ] || return 2
            ! addresses_within "$1" "$(addresses_own)"
            return
            ;;
    esac
    addresses_within "$1" "$(echo "$GUARD_EXPECT" | tr ' ' '\n')"
}

# Whether the address is one of the addresses or in one of the networks.
addresses_within() { # address; addresses and CIDRs, one on each line
    printf '%s\n' "$2" | awk -v seen="$1" '
        function bits(address, sides, left, right, text) {
            if (address !~ /:/) return groups(address, "\\.", 8)
            split(address, sides, "::")
            left = groups(sides[1], ":", 16)
            right = groups(sides[2], ":", 16)
            for (text = left; length(text) + length(right) < 128;) text = text "0"
            return text right
        }
        function groups(text, separator, width, parts, n, i, all) {
            n = split(text, parts, separator)
            for (i = 1; i <= n; i++) all = all binary(width == 8 ? parts[i] : hex(parts[i]), width)
            return all
        }
        function hex(text, i, value) {
            for (i = 1; i <= length(text); i++) value = value * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
            return value
        }
        function binary(value, width, text) {
            for (text = ""; width > 0; width--) { text = value % 2 text; value = int(value / 2) }
            return text
        }
        {
            split($1, net, "/")
            a = bits(net[1]); b = bits(seen)
            width = net[2] == "" ? length(a) : net[2]
            if (length(a) == length(b) && substr(a, 1, width) == substr(b, 1, width)) found = 1
        }
        END { exit !found }'
}

# Reads an answer of an echo server, and prints the first address in it: dotted, or with seven colons or a double one, so that a
# time of day is not taken for an address.
addresses_first() {
    local word='[0-9a-fA-F]{1,4}'
    tr -c '0-9a-fA-F:.\n' '\n' |
        grep -m 1 -xE "([0-9]{1,3}\.){3}[0-9]{1,3}|($word:){7}$word|($word:){1,6}(:$word){1,6}|($word:){1,7}:|::($word:){0,6}$word"
}
